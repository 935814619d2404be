import type { MetricSummary, MetricValue } from '../model/metric.js';
import { type ParamValue, paramLeaves } from '../model/param-value.js';
import { parentText } from '../model/run-parent.js';
import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { bestAmong, definedIn, type Goal } from '../pure/metric-definition.js';
import { type CommandRun, listOf } from './command.js';
import type { COMPARE } from './command-options.js';
import { findRunsIn } from './find-runs.js';
import { knownMetrics } from './known-metrics.js';
import type { Cell, Terminal } from './terminal.js';
import { MAX_TEXT, count, cut, paramText, statusCell, tookText, valueText } from './words.js';

/** Marks the best value of a line, by the goal that `defineMetric` gave. */
const BEST = ' *';

/** Runs side by side; every list has one entry for each of `runs`, null if a run has none. */
interface Comparison {
  readonly runs: readonly RunFacts[];
  /** Parameters by their dotted path: those in which the runs differ, or all. */
  readonly params: ReadonlyMap<string, readonly (ParamValue | null)[]>;
  /** Summary values by name. */
  readonly summary: ReadonlyMap<string, readonly (MetricValue | null)[]>;
  readonly metrics: ReadonlyMap<string, readonly (MetricSummary | null)[]>;
}

export const run: CommandRun<typeof COMPARE> = (paths, options, terminal) => {
  const { runs, leftOut } = findRunsIn(paths, options, terminal);
  const comparison = comparisonOf(runs, options.all === true, listOf(options.metrics));
  if (options.json === true) terminal.json(plainOf(comparison));
  else if (options.markdown === true) printMarkdown(tableOf(comparison), terminal);
  else {
    const table = tableOf(comparison);
    terminal.table(table);
    if (table.some((cells) => cells.some((cell) => typeof cell === 'string' && cell.endsWith(BEST))))
      terminal.print('  * the best of its line');
  }
  return leftOut.end();
};

function comparisonOf(
  runs: readonly RunFacts[],
  all: boolean,
  wanted: readonly string[] | undefined,
): Comparison {
  const flat = runs.map(({ params }) => new Map(paramLeaves(params)));
  const keys = new Set(flat.flatMap((leavesOfRun) => [...leavesOfRun.keys()]));
  const params = [...keys].map((key) => [key, flat.map((each) => each.get(key) ?? null)] as const);
  const names = new Set(runs.flatMap(({ metrics }) => [...metrics.keys()]));
  const summaries = new Set(runs.flatMap(({ summary }) => Object.keys(summary)));
  knownMetrics(wanted, new Set([...names, ...summaries]));
  const isWanted = (name: string): boolean => wanted?.includes(name) ?? true;
  const metrics = [...names]
    .filter(isWanted)
    .map((name) => [name, runs.map((each) => each.metrics.get(name) ?? null)] as const);
  return {
    runs,
    params: new Map(params.filter(([, values]) => all || runs.length === 1 || differ(values))),
    summary: new Map(
      [...summaries]
        .filter(isWanted)
        .map((name) => [name, runs.map(({ summary }) => summary[name] ?? null)] as const),
    ),
    metrics: new Map(metrics),
  };
}

const differ = (values: readonly unknown[]): boolean => new Set(values.map(paramText)).size > 1;

function plainOf({ runs, params, summary, metrics }: Comparison): object {
  const parts = ['last', 'min', 'max', 'mean', 'count', 'minStep', 'maxStep', 'nan', 'texts'] as const;
  return {
    runs: runs.map(
      ({ experiment, run, runDir, status, rows, startedAt, durationMs, tags, parent = null }) => ({
        ...{ experiment, run, runDir, status, rows, startedAt, durationMs, tags, parent },
      }),
    ),
    params,
    summary,
    metrics: new Map(
      [...metrics].map(([name, summaries]) => [
        name,
        {
          ...Object.fromEntries(parts.map((part) => [part, summaries.map((each) => each?.[part] ?? null)])),
          goal: definedIn('goal', runs, name) ?? null,
          nan: summaries.map((each) => (each === null ? null : (each.nan ?? 0))),
        },
      ]),
    ),
  };
}

/** Builds a table with one line per item compared and one column per run. */
function tableOf({ runs, params, summary, metrics }: Comparison): Cell[][] {
  const several = new Set(runs.map(({ experiment }) => experiment)).size > 1;
  const heading = runs.map(({ experiment, run }) => printable(several ? `${experiment}/${run}` : run));
  return [
    ['', ...heading],
    ['status', ...runs.map(({ status, owner }) => statusCell(status, owner))],
    ['rows', ...runs.map(({ rows }) => count(rows))],
    ['took', ...runs.map(tookText)],
    ...(runs.some(({ parent }) => parent !== undefined)
      ? [['parent', ...runs.map(({ parent }) => (parent === undefined ? '' : parentText(parent)))]]
      : []),
    ...[...params].map(([key, values]) => [
      printable(cut(key, MAX_TEXT)),
      ...values.map((value) => (value === null ? '' : paramText(value))),
    ]),
    ...[...summary].map(([name, values]) => [
      shortName(name),
      ...markedTexts(values, definedIn('goal', runs, name)),
    ]),
    ...[...metrics].flatMap(([name, summaries]) =>
      metricLines(name, summaries, definedIn('goal', runs, name)),
    ),
  ];
}

const shortName = (name: string): string => printable(cut(name, MAX_TEXT));

/** Formats values, the best of several with a star. */
function markedTexts(values: readonly (MetricValue | null | undefined)[], goal: Goal | undefined): string[] {
  const found = values.map((value) => value ?? undefined);
  const isBest = goal === undefined ? () => false : bestAmong(found, goal);
  return found.map((value) => metricText(value) + (isBest(value) ? BEST : ''));
}

function metricLines(
  name: string,
  summaries: readonly (MetricSummary | null)[],
  goal: Goal | undefined,
): Cell[][] {
  const line = (part: 'last' | 'min' | 'max' | 'texts'): string[] =>
    markedTexts(
      summaries.map((summary) => summary?.[part]),
      part === goal ? goal : undefined,
    );
  const hasNumbers = summaries.some((summary) => summary?.min !== undefined);
  const hasNaN = summaries.some((summary) => (summary?.nan ?? 0) > 0);
  return [
    [shortName(name), ...line('last')],
    ...(hasNumbers
      ? [
          ['  min', ...line('min')],
          ['  max', ...line('max')],
        ]
      : []),
    ...(hasNaN ? [['  NaN', ...summaries.map(nanText)]] : []),
    ...(hasNumbers && summaries.some((summary) => summary?.texts !== undefined)
      ? [['  texts', ...line('texts')]]
      : []),
  ];
}

/** Formats the number of a metric's values that are NaN. */
const nanText = (summary: MetricSummary | null): string =>
  summary === null ? '' : `${count(summary.nan ?? 0)} of ${count(summary.count)}`;

const metricText = (value: MetricValue | undefined): string => (value === undefined ? '' : valueText(value));

function printMarkdown([heading = [], ...rows]: readonly (readonly Cell[])[], terminal: Terminal): void {
  const line = (cells: readonly Cell[]): string =>
    `| ${cells.map((cell) => escapeMarkdown(typeof cell === 'string' ? cell : cell.text)).join(' | ')} |`;
  terminal.print(line(heading));
  terminal.print(`|${heading.map((_, index) => (index === 0 ? ' --- |' : ' ---: |')).join('')}`);
  let metric = '';
  for (const [name = '', ...cells] of rows) {
    const text = typeof name === 'string' ? name : name.text;
    // Without indentation, a statistic has to name its metric.
    if (!text.startsWith(' ')) metric = text;
    terminal.print(line([text.startsWith(' ') ? `${metric} ${text.trim()}` : text, ...cells]));
  }
}

const escapeMarkdown = (text: string): string =>
  text.trim().replace(/[\\`*_{}[\]<>|#!]/g, (char) => `\\${char}`);

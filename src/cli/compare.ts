import type { MetricSummary, MetricValue } from '../model/metric.js';
import { type ParamValue, paramLeaves } from '../model/param-value.js';
import { parentText } from '../model/run-parent.js';
import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { bestAmong, definedIn, type Goal } from '../pure/metric-definition.js';
import { type CommandRun, type OptionsOf, UsageError, listOf, numberOption } from './command.js';
import type { CasesWish } from './compare-cases.js';
import type { COMPARE } from './command-options.js';
import { findRunsIn } from './find-runs.js';
import { knownMetrics } from './known-metrics.js';
import { printMarkdown } from './print-markdown.js';
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
  const tolerance = numberOption(options, 'tolerance', { min: 0, isInteger: false });
  if (options.cases === true) return casesOf(paths, { tolerance, ...formatOf(options) }, terminal);
  if (tolerance !== undefined) throw new UsageError('--tolerance is for scores of cases; add --cases');
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

const formatOf = (options: OptionsOf<typeof COMPARE>): Omit<CasesWish, 'tolerance'> => ({
  isJson: options.json === true,
  isMarkdown: options.markdown === true,
});

/** Evaluations are read by a part of the package that other comparisons do not load. */
async function casesOf(paths: readonly string[], wish: CasesWish, terminal: Terminal): Promise<number> {
  const { printCases } = await import('./compare-cases.js');
  return printCases(paths, wish, terminal);
}

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

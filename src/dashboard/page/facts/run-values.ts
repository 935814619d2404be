import { inNumber } from '../../../pure/quantity.js';
import type { RunAnswer, RunFactsAnswer } from '../../api.js';
import { definitionIn, standingStatistic } from './figures.js';
import { countText } from './format.js';

/**
 * The number of files that a line names.
 *
 * @bound tells: the line says how many more; specs/model/losses.spec.ts "names some files of a
 * loss, and counts the others"
 */
const MAX_FILES = 3;

/**
 * The statistics of a metric that a column can show; `figure` is the one that its definition
 * chooses, `best` the minimum or maximum, by its goal.
 */
export const STATISTICS = ['figure', 'last', 'best', 'min', 'max', 'mean'] as const;
export type Statistic = (typeof STATISTICS)[number];

/** The facts of a run, beside those in every row of the table, that a column can show. */
export const FACT_COLUMNS = ['project', 'group', 'parent'] as const;
export type FactColumn = (typeof FACT_COLUMNS)[number];

/** A value that runs are listed, ordered and compared by. */
export type Column =
  | { readonly kind: 'param' | 'summary'; readonly name: string }
  | { readonly kind: 'fact'; readonly name: FactColumn }
  | { readonly kind: 'metric'; readonly name: string; readonly statistic: Statistic };

/** The name of a run everywhere: `experiment/run`. */
export const runId = ({ experiment, run }: Pick<RunFactsAnswer, 'experiment' | 'run'>): string =>
  `${experiment}/${run}`;

/**
 * The status of a run; with a question mark if its process is on another host and may or may not be
 * running.
 */
export const statusText = ({ status, owner }: Pick<RunFactsAnswer, 'status' | 'owner'>): string =>
  owner === 'unsure' ? `${status}?` : status;

/** Describes losses: `at most 12 calls (wal-0-1.log)`; undefined if nothing is lost. */
export function lostText(losses: RunAnswer['losses']): string | undefined {
  if (losses.length === 0) return undefined;
  const sum = (of: 'calls' | 'others'): number => losses.reduce((all, loss) => all + loss[of], 0);
  const [calls, others] = [sum('calls'), sum('others')];
  const atMost = losses.some(({ isAtMost }) => isAtMost) ? 'at most ' : '';
  const what = [
    ...(calls > 0 ? [`${atMost}${countText(calls)} ${inNumber(calls, 'calls')}`] : []),
    ...(others > 0 ? [`${countText(others)} ${inNumber(others, 'other records')}`] : []),
  ].join(' and ');
  const files = [...new Set(losses.map(({ file }) => file))].filter((file) => file !== '');
  const more = files.length > MAX_FILES ? ` and ${countText(files.length - MAX_FILES)} more` : '';
  return files.length === 0 ? what : `${what} (${files.slice(0, MAX_FILES).join(', ')}${more})`;
}

/** Writes a column in the filter language, so that the server can sort by it. */
export function fieldOf(column: Column): string {
  if (column.kind === 'fact') return column.name;
  const path = column.name.split('.').map((part) => (/^[\w-]+$/.test(part) ? part : quoted(part)));
  if (column.kind !== 'metric') return `${column.kind === 'param' ? 'params' : 'summary'}.${path.join('.')}`;
  return `metrics.${path.join('.')}${column.statistic === 'figure' ? '' : `.${column.statistic}`}`;
}

const quoted = (part: string): string => `"${part.replaceAll('"', '""')}"`;

/** Writes the filter for the runs of a project. */
export const projectFilter = (project: string): string => `project = ${quoted(project)}`;

/** Writes a column for the address: `p:lr`, `s:pass_rate`, `f:project`, `m:min:loss`. */
export function columnText(column: Column): string {
  if (column.kind === 'fact') return `f:${column.name}`;
  if (column.kind !== 'metric') return `${column.kind === 'param' ? 'p' : 's'}:${column.name}`;
  return `m:${column.statistic}:${column.name}`;
}

/** Parses such a text; null for any other text. */
export function parseColumn(text: string): Column | null {
  const [, param, summary, fact, statistic, metric] =
    /^(?:p:(.+)|s:(.+)|f:(\w+)|m:(\w+):(.+))$/s.exec(text) ?? [];
  if (param !== undefined) return { kind: 'param', name: param };
  if (summary !== undefined) return { kind: 'summary', name: summary };
  const named = FACT_COLUMNS.find((name) => name === fact);
  if (named !== undefined) return { kind: 'fact', name: named };
  const known = STATISTICS.find((name) => name === statistic);
  return known === undefined || metric === undefined
    ? null
    : { kind: 'metric', name: metric, statistic: known };
}

/** Returns the value of a run in a column; undefined if it has none. */
export function valueOf(facts: RunFactsAnswer, column: Column): unknown {
  switch (column.kind) {
    case 'param':
      return paramAt(facts.params, column.name.split('.'));
    case 'summary':
      return own(facts.summary, column.name);
    case 'fact':
      return factAt(facts, column.name);
    case 'metric':
      return statisticAt(facts, column.name, column.statistic);
  }
}

function factAt({ project, group, parent }: RunFactsAnswer, name: FactColumn): unknown {
  switch (name) {
    case 'project':
      return project ?? undefined;
    case 'group':
      return group ?? undefined;
    case 'parent':
      return parent && `${parent.experiment}/${parent.run}@${String(parent.step)}`;
  }
}

function statisticAt(facts: RunFactsAnswer, name: string, statistic: Statistic): unknown {
  const metric = own(facts.metrics, name);
  if (statistic === 'figure') return own(metric, standingStatistic(facts, name)) ?? own(metric, 'last');
  return own(metric, statistic === 'best' ? (definitionIn(facts, name).goal ?? '') : statistic);
}

/** Returns that value if it is a number; true and false of a result count as 1 and 0. */
export function numberOf(facts: RunFactsAnswer, column: Column): number | undefined {
  const value = valueOf(facts, column);
  if (column.kind !== 'param' && typeof value === 'boolean') return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Names may contain dots themselves: the longest existing name is tried first. */
function paramAt(value: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return value;
  for (let to = path.length; to > 0; to--) {
    const found = paramAt(own(value, path.slice(0, to).join('.')), path.slice(to));
    if (found !== undefined) return found;
  }
  return undefined;
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}

/** Returns all metrics with a curve, numbers and booleans, those that most runs have first. */
export function drawnMetrics(runs: readonly Pick<RunFactsAnswer, 'metrics'>[]): string[] {
  const counts = new Map<string, number>();
  for (const { metrics = {} } of runs)
    for (const [name, { min, nan, last }] of Object.entries(metrics))
      if (min !== undefined || nan !== undefined || typeof last === 'number' || typeof last === 'boolean')
        counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one).map(([name]) => name);
}

/** Returns all parameters, nested ones by dotted names; lists are not split. */
export function flatParams(
  params: Readonly<Record<string, unknown>>,
  before = '',
): [name: string, value: unknown][] {
  return Object.entries(params).flatMap(([key, value]): [string, unknown][] => {
    const isNested = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isNested
      ? flatParams(value as Readonly<Record<string, unknown>>, `${before}${key}.`)
      : [[before + key, value]];
  });
}

/** Returns the heading of a column. */
export const columnTitle = (column: Column): string =>
  column.kind !== 'metric' || column.statistic === 'figure'
    ? column.name
    : `${column.name} ${column.statistic}`;

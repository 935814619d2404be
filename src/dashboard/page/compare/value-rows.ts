import { bestAmong, type Goal, summaryNames } from '../../../pure/metric-definition.js';
import type { RunFactsAnswer } from '../../api.js';
import { type Column, flatParams, numberOf, runId, type Statistic, valueOf } from '../facts/run-values.js';

/** A parameter, summary value or metric in which runs are compared; they may share a name. */
export interface Dimension {
  /** A unique key: `p:lr`, `s:pass_rate`, `m:loss`. */
  readonly key: string;
  readonly name: string;
  /** The name, with its kind added if another kind has it, too. */
  readonly title: string;
  readonly kind: Exclude<Column['kind'], 'fact'>;
}

/** The dimensions of some runs, by their kind. */
export interface Dimensions {
  readonly params: Dimension[];
  readonly summaries: Dimension[];
  readonly metrics: Dimension[];
}

/** Makes dimensions from parameters, metrics and summary values. */
export function dimensionsOf(
  params: readonly string[],
  metrics: readonly string[],
  summaries: readonly string[] = [],
): Dimensions {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const name of [params, metrics, summaries].flatMap((names) => [...new Set(names)]))
    (seen.has(name) ? shared : seen).add(name);
  const made = (names: readonly string[], kind: Dimension['kind'], what: string): Dimension[] =>
    names.map((name) => ({
      ...{ key: `${kind[0]}:${name}`, kind, name },
      title: shared.has(name) ? `${name} (${what})` : name,
    }));
  return {
    params: made(params, 'param', 'parameter'),
    summaries: made(summaries, 'summary', 'summary'),
    metrics: made(metrics, 'metric', 'metric'),
  };
}

/** A run as it is compared: a value for each dimension, by its key. */
export interface Compared {
  readonly id: string;
  readonly colour: string;
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * The names of all parameters of some runs, separated into those that differ and those that do not.
 */
export function paramNames(runs: readonly RunFactsAnswer[]): { differ: string[]; same: string[] } {
  const flat = runs.map(({ params = {} }) => new Map(flatParams(params)));
  const names = [...new Set(flat.flatMap((params) => [...params.keys()]))].sort();
  const isSame = (name: string): boolean =>
    new Set(flat.map((params) => (params.has(name) ? JSON.stringify(params.get(name)) : 'absent'))).size ===
    1;
  return { differ: names.filter((name) => !isSame(name)), same: names.filter(isSame) };
}

/** The names of all metrics of some runs that have had a number. */
export function metricNames(runs: readonly RunFactsAnswer[]): string[] {
  const names = runs.flatMap(({ metrics = {} }) =>
    Object.entries(metrics).flatMap(([name, { last, min }]) =>
      typeof last === 'number' || typeof min === 'number' ? [name] : [],
    ),
  );
  return [...new Set(names)].sort();
}

/** The names of all summary values of some runs, the headlines first. */
export function summaryNamesOf(runs: readonly RunFactsAnswer[]): string[] {
  const names = runs.flatMap(summaryNames);
  const headlines = new Set(runs.flatMap(({ headline = [] }) => headline));
  return [...new Set([...names.filter((name) => headlines.has(name)), ...names])];
}

/** Returns the values of a dimension that are the best of several runs, by the goal. */
export function bestValues(rows: readonly Compared[], { key }: Dimension, goal: Goal): ReadonlySet<unknown> {
  const values = rows.map((row) => row.values.get(key));
  return new Set(values.filter(bestAmong(values, goal)));
}

/** Collects the values of runs; for metrics, the given statistic. */
export function comparedRuns(
  runs: readonly RunFactsAnswer[],
  { dimensions, statistic }: { readonly dimensions: readonly Dimension[]; readonly statistic: Statistic },
  colourOf: (index: number) => string,
): Compared[] {
  return runs.map((facts, index) => ({
    id: runId(facts),
    colour: colourOf(index),
    values: new Map(
      dimensions.map(({ key, kind, name }) => [
        key,
        kind === 'metric' ? numberOf(facts, { kind, name, statistic }) : valueOf(facts, { kind, name }),
      ]),
    ),
  }));
}

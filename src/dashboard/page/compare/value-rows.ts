import type { RunFactsAnswer } from '../../api.js';
import { type Column, flatParams, numberOf, runId, type Statistic, valueOf } from '../facts/run-values.js';

/** A parameter or metric in which runs are compared; the two may share a name. */
export interface Dimension {
  /** A unique key: `p:lr`, `m:loss`. */
  readonly key: string;
  readonly name: string;
  /** The name, with its kind added if both a parameter and a metric have it. */
  readonly title: string;
  readonly kind: Column['kind'];
}

/** Makes dimensions from parameters and metrics. */
export function dimensionsOf(
  params: readonly string[],
  metrics: readonly string[],
): { readonly params: Dimension[]; readonly metrics: Dimension[] } {
  const inBoth = new Set(metrics.filter((name) => params.includes(name)));
  const titleOf = (name: string, what: string): string => (inBoth.has(name) ? `${name} (${what})` : name);
  return {
    params: params.map((name) => ({
      ...{ key: `p:${name}`, kind: 'param', name },
      title: titleOf(name, 'parameter'),
    })),
    metrics: metrics.map((name) => ({
      ...{ key: `m:${name}`, kind: 'metric', name },
      title: titleOf(name, 'metric'),
    })),
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

/** The names of all metrics of some runs whose last value is a number. */
export function metricNames(runs: readonly RunFactsAnswer[]): string[] {
  const names = runs.flatMap(({ metrics = {} }) =>
    Object.entries(metrics).flatMap(([name, { last }]) => (typeof last === 'number' ? [name] : [])),
  );
  return [...new Set(names)].sort();
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

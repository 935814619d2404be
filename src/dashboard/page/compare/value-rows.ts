import type { RunFactsAnswer } from '../../api.js';
import { type Column, flatParams, numberOf, runId, valueOf } from '../facts/run-values.js';

/** What is compared: each with a value for each name. */
export interface Compared {
  readonly id: string;
  readonly colour: string;
  readonly values: ReadonlyMap<string, unknown>;
}

/** The names of all parameters of some runs; those in which they differ first. */
export function paramNames(runs: readonly RunFactsAnswer[]): { differ: string[]; same: string[] } {
  const flat = runs.map(({ params = {} }) => new Map(flatParams(params)));
  const names = [...new Set(flat.flatMap((params) => [...params.keys()]))].sort();
  const isSame = (name: string): boolean =>
    new Set(flat.map((params) => (params.has(name) ? JSON.stringify(params.get(name)) : 'absent'))).size ===
    1;
  return { differ: names.filter((name) => !isSame(name)), same: names.filter(isSame) };
}

/** The names of all metrics of some runs that are numbers. */
export function metricNames(runs: readonly RunFactsAnswer[]): string[] {
  const names = runs.flatMap(({ metrics = {} }) =>
    Object.entries(metrics).flatMap(([name, { last }]) => (typeof last === 'number' ? [name] : [])),
  );
  return [...new Set(names)].sort();
}

/** The values of runs in some columns. */
export function comparedRuns(
  runs: readonly RunFactsAnswer[],
  columns: readonly { readonly name: string; readonly column: Column }[],
  colourOf: (index: number) => string,
): Compared[] {
  return runs.map((facts, index) => ({
    id: runId(facts),
    colour: colourOf(index),
    values: new Map(
      columns.map(({ name, column }) => [
        name,
        column.kind === 'metric' ? numberOf(facts, column) : valueOf(facts, column),
      ]),
    ),
  }));
}

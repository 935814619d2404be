import { integer, invalidOption, string } from '../model/option-rules.js';
import type { RunFacts } from '../model/run-facts.js';
import {
  type HistoryAxis,
  type HistoryPoint as Point,
  axisOfHistory,
  historyPoints,
  lastStarted,
} from '../pure/history.js';
import { runValue } from './run-value.js';
import { typeOfField, valueOf } from './where/fields.js';
import { fieldIn } from './where/parse-field.js';

/** The field by which a history is ordered, and the number of runs in it. */
export interface HistoryOptions {
  /** A field as in filters, such as `params.lr`; default `startedAt`. */
  readonly by?: string | undefined;
  /** Keeps only this many runs, those that started last. */
  readonly last?: number | undefined;
}

/** The rules of {@link HistoryOptions}. */
export const HISTORY_RULES = { by: string().byDefault('startedAt'), last: integer(0) };

/** One run in a history. */
export type HistoryPoint = Point<RunFacts>;

/** One figure of several runs, a point for each. */
export interface History {
  readonly points: readonly HistoryPoint[];
  readonly axis: HistoryAxis;
  /** The number of runs that have the figure and the field, of which `points` has the last. */
  readonly total: number;
}

/**
 * Orders runs by a field, and gives each the number that a name stands for; see {@link runValue}.
 * Runs that have no such number, or not the field, are left out.
 *
 * @throws ExpmanError `INVALID_FILTER` if `by` is not a field, `INVALID_OPTION` if it has no order
 */
export function historyOf(
  runs: readonly RunFacts[],
  name: string,
  { by = 'startedAt', last }: HistoryOptions = {},
): History {
  const field = fieldIn(by);
  if (typeOfField(field) === 'list') throw invalidOption('by', 'a field that has an order', by);
  const isDate = typeOfField(field) === 'date';
  const all = historyPoints(runs, {
    valueOf: runValue(name),
    placeOf: (facts) => valueOf(field, facts),
    isDate,
  });
  const points = lastStarted(all, last);
  return { points, axis: axisOfHistory(points, isDate), total: all.length };
}

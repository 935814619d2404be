import { integer, invalidOption, string } from '../model/option-rules.js';
import type { RunFacts } from '../model/run-facts.js';
import { numberIn, runValue } from './run-value.js';
import { fieldIn, parseField } from './where/parse-field.js';
import { typeOfField } from './where/fields.js';
import { parseSort } from './where/parse-sort.js';

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
export interface HistoryPoint {
  readonly facts: RunFacts;
  /** The value of the field; for a date, milliseconds since the epoch. */
  readonly x: number | string;
  readonly value: number;
}

/**
 * Orders runs by a field, and gives each the number that a name stands for; see {@link runValue}.
 * Runs that have no such number, or not the field, are left out.
 *
 * @throws ExpmanError `INVALID_FILTER` if `by` is not a field, `INVALID_OPTION` if it has no order
 */
export function historyOf(runs: readonly RunFacts[], name: string, by: string): HistoryPoint[] {
  const field = fieldIn(by);
  if (typeOfField(field) === 'list') throw invalidOption('by', 'a field that has an order', by);
  const [valueOf, placeOf, order] = [runValue(name), parseField(by), parseSort(by)];
  return runs
    .flatMap((facts) => {
      const value = numberIn(valueOf(facts));
      const place = placeOf(facts);
      const x = typeof place === 'string' && typeOfField(field) === 'date' ? Date.parse(place) : place;
      if (value === undefined || x === undefined || x === null) return [];
      return [{ facts, x: typeof x === 'string' ? x : (numberIn(x) ?? JSON.stringify(x)), value }];
    })
    .sort((one, other) => order(one.facts, other.facts));
}

/** Keeps the `last` points whose runs started last, in their order; all of them for undefined. */
export function lastStarted(points: readonly HistoryPoint[], last: number | undefined): HistoryPoint[] {
  if (last === undefined) return [...points];
  const byStart = [...points].sort((one, other) => one.facts.startedAt.localeCompare(other.facts.startedAt));
  const kept = new Set(byStart.slice(Math.max(0, byStart.length - last)));
  return points.filter((point) => kept.has(point));
}

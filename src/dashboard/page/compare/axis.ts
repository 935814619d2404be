import { shareOf, valueOf } from '../../../pure/span.js';
import { ALL_DIGITS, digitsOn, distinctText, numberText } from '../facts/format.js';

/** A scale for values of any kind: a place from 0 to 1 for each value, and labels for the axis. */
export interface Axis {
  readonly isLog: boolean;
  /** Returns null for a value without a place on the axis. */
  readonly placeOf: (value: unknown) => number | null;
  readonly ticks: readonly { readonly place: number; readonly text: string }[];
}

/** Numbers with a greater ratio than this use a logarithmic axis. */
const LOG_RATIO = 50;
const LOG_DIGITS = 3;
/** @bound loses nothing: every value keeps its place, and a line says its values */
const MOST_CATEGORIES = 12;

/**
 * Makes an axis for some values: ordered by size if all are numbers, else with one place for each
 * distinct value.
 *
 * @param mostCategories - the most of them that are named
 */
export function axisOf(values: readonly unknown[], mostCategories = MOST_CATEGORIES): Axis {
  const there = values.filter((value) => value !== undefined && value !== null);
  const numbers = there.flatMap((value) =>
    typeof value === 'number' && Number.isFinite(value) ? value : [],
  );
  return numbers.length > 0 && there.every((value) => typeof value === 'number')
    ? numberAxis(numbers)
    : categoryAxis(there, mostCategories);
}

function numberAxis(numbers: readonly number[]): Axis {
  const least = numbers.reduce((so, value) => Math.min(so, value), Infinity);
  const greatest = numbers.reduce((so, value) => Math.max(so, value), -Infinity);
  const isLog = least > 0 && greatest / least > LOG_RATIO;
  const level = isLog ? Math.log10 : (value: number): number => value;
  const [low, high] = [level(least), level(greatest)];
  const placeOf = (value: unknown): number | null => {
    if (typeof value !== 'number' || !Number.isFinite(value) || (isLog && value <= 0)) return null;
    return high === low ? 0.5 : shareOf({ from: low, to: high }, level(value));
  };
  const places = high === low ? [0.5] : [0, 0.25, 0.5, 0.75, 1];
  const valueAt = (place: number): number => {
    // Converting to logarithms and back is not exact.
    if (place === 0 || place === 1) return place === 0 ? least : greatest;
    const at = valueOf({ from: low, to: high }, place);
    return isLog ? 10 ** at : at;
  };
  const values = high === low ? [least] : places.map(valueAt);
  const texts = isLog
    ? values.map((value) => numberText(value, LOG_DIGITS))
    : values.map((value) => numberText(value, high === low ? ALL_DIGITS : digitsOn(high - low, value)));
  return {
    ...{ isLog, placeOf },
    ticks: places.map((place, index) => ({ place, text: texts[index]! })),
  };
}

function categoryAxis(values: readonly unknown[], most: number): Axis {
  const names = [...new Set(values.map(distinctText))].sort();
  const placeAt = (index: number): number => (names.length === 1 ? 0.5 : index / (names.length - 1));
  const stride = Math.ceil(names.length / Math.max(1, most));
  return {
    isLog: false,
    placeOf: (value) => {
      const index = value === undefined || value === null ? -1 : names.indexOf(distinctText(value));
      return index < 0 ? null : placeAt(index);
    },
    ticks: names.flatMap((text, index) => (index % stride === 0 ? [{ place: placeAt(index), text }] : [])),
  };
}

/** Shortens a text to the room beside an axis. */
export const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

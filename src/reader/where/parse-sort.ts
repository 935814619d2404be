import { invalidOption } from '../../model/option-rules.js';
import type { RunFacts } from '../../model/run-facts.js';
import { type Field, type FieldValue, typeOfField, valueOf } from './fields.js';
import { Parser } from './parser.js';
import { readField } from './read-field.js';

/** Compares two runs: negative if the first comes first, as for `Array.sort`. */
export type RunOrder = (one: RunFacts, other: RunFacts) => number;

/**
 * Parses an order of runs such as `metrics.loss.min` or `-startedAt,run`: fields as in
 * `parseWhere`, the most significant one first, with a leading `-` for descending order.
 *
 * Numbers come before texts; NaN, then absent values, come last in either direction.
 *
 * @throws ExpmanError `INVALID_FILTER`, with the place, if it cannot be parsed
 * @example
 * [...runs].sort(parseSort('-metrics.accuracy.max'));
 */
export function parseSort(text: string): RunOrder {
  if (typeof text !== 'string') throw invalidOption('text', "an order, such as '-startedAt'", text);
  const keys = keysOf(text);
  return (one, other) => {
    for (const { field, sign } of keys) {
      const order = compareValues(valueAt(field, one), valueAt(field, other), sign);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** A field to sort runs by, and its direction. */
export interface SortKey {
  readonly field: Field;
  readonly sign: 1 | -1;
}

/**
 * Parses the keys of an order, the most significant one first.
 *
 * @throws ExpmanError `INVALID_FILTER`
 */
export function keysOf(text: string): SortKey[] {
  const parser = new Parser(text);
  const keys: SortKey[] = [];
  do {
    const sign = parser.takeSign() === '-' ? -1 : 1;
    const { at } = parser.next;
    const field = readField(parser);
    if (typeOfField(field) === 'list')
      throw parser.error('tags are a list, which has no order: use another field', at);
    keys.push({ field, sign });
  } while (parser.takeSymbol(','));
  if (!parser.isAtEnd()) throw parser.expected('a comma or the end');
  return keys;
}

/** Returns a value for sorting; dates are compared as times, however they are written. */
function valueAt(field: Field, facts: RunFacts): FieldValue {
  const value = valueOf(field, facts);
  return typeOfField(field) === 'date' && typeof value === 'string' ? Date.parse(value) : value;
}

function compareValues(one: FieldValue, other: FieldValue, sign: number): number {
  const [rank, otherRank] = [rankOf(one), rankOf(other)];
  if (rank !== otherRank) return rank - otherRank;
  if (rank >= LAST || one === undefined || other === undefined || one === null || other === null) return 0;
  return one < other ? -sign : one > other ? sign : 0;
}

const LAST = 3;

function rankOf(value: FieldValue): number {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return Number.isNaN(value) ? LAST : 0;
    case 'boolean':
      return 1;
    case 'string':
      return 2;
    default:
      return LAST + 1;
  }
}

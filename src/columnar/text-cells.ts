import type { MetricValue } from '../model/metric.js';
import { bitAt, bitmapBytes, setBit } from './bitmap.js';
import type { TextColumn } from './column.js';

/** A byte order mark at the beginning is part of the text. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Texts of at most this many bytes that match this whole pattern need a mark to be told from a
 * number or a boolean: all that {@link cellTextOf} returns for one, and a few more.
 *
 * The rule is part of the file format: marks count the cells that match it.
 */
export const ALIKE = {
  pattern: String.raw`-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|Infinity)|NaN|true|false`,
  maxBytes: 32,
};
const WHOLE = new RegExp(`^(?:${ALIKE.pattern})$`);
const INTEGER = /^-?[1-9]\d*$/;
const FIRST_BYTES: ReadonlySet<number> = new Set(Buffer.from('-0123456789INtf'));

/** Reads a cell's text; empty for a null row. */
const textAt = ({ offsets, values }: TextColumn, row: number): string =>
  UTF8.decode(values.subarray(offsets[row], offsets[row + 1]));

/**
 * Returns the value as which a cell was logged: a number, bigint or boolean, or the text itself.
 */
export function cellAt(column: TextColumn, row: number): MetricValue {
  const { numeric } = column;
  if (numeric === undefined || (numeric !== 'alike' && !bitAt(numeric, row))) return textAt(column, row);
  return (mayBeAlike(column, row) ? valueOfCellText(textAt(column, row)) : undefined) ?? textAt(column, row);
}

/** A bitmap of the cells that were logged as numbers or booleans; null if no cell was. */
export function numericCells(column: TextColumn): Uint8Array | null {
  const { length, validity, numeric } = column;
  if (numeric !== 'alike') return numeric ?? null;
  const bits = new Uint8Array(bitmapBytes(length));
  let hasAny = false;
  for (let row = 0; row < length; row++) {
    if (validity !== null && !bitAt(validity, row)) continue;
    if (!mayBeAlike(column, row) || valueOfCellText(textAt(column, row)) === undefined) continue;
    setBit(bits, row);
    hasAny = true;
  }
  return hasAny ? bits : null;
}

/** Tells if the cell of a non-null row could be mistaken for a number or a boolean. */
export const isAlike = (column: TextColumn, row: number): boolean =>
  mayBeAlike(column, row) && WHOLE.test(textAt(column, row));

/** Most texts are recognised by their length or first byte and need not be decoded. */
function mayBeAlike({ offsets, values }: TextColumn, row: number): boolean {
  const from = offsets[row] ?? 0;
  const length = (offsets[row + 1] ?? 0) - from;
  return length > 0 && length <= ALIKE.maxBytes && FIRST_BYTES.has(values[from] ?? 0);
}

/**
 * The text of a number, bigint or boolean in a column of texts, from which {@link cellAt} restores
 * the same value.
 *
 * It is the result of `String()`, except for -0, which keeps its sign, and for integral doubles of
 * 2^53 and more, which have an exponent: `String()` pads them with zeros, and digits alone mean a
 * bigint.
 */
export function cellTextOf(value: number | bigint | boolean): string {
  if (typeof value !== 'number') return String(value);
  if (Object.is(value, -0)) return '-0';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

/**
 * Returns the number, bigint or boolean whose {@link cellTextOf} this is; undefined for any other
 * text.
 *
 * Files of format 1 hold `String()` of all doubles. For digits beyond 2^53 they do not say whether
 * they were a double: such digits are a bigint, unless they exceed a 64-bit bigint or are exactly a
 * double.
 */
export function valueOfCellText(text: string): number | bigint | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  if (cellTextOf(number) === text) return number;
  if (!INTEGER.test(text)) return undefined;
  const isDouble = String(number) === text;
  const integer = BigInt(text);
  if (isDouble && BigInt(number) === integer) return number;
  if (BigInt.asIntN(64, integer) === integer) return integer;
  return isDouble ? number : undefined;
}

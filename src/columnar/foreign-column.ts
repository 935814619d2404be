import type { DataType, Vector } from 'apache-arrow';
import { arrow } from './arrow.js';
import { BooleanBuilder, IntegerBuilder, NumberBuilder, TextBuilder } from './column-builder.js';
import type { Column, ColumnType } from './column.js';

/** Maps an Arrow type to our type for its values; nested and other foreign types become text. */
export function typeFor(type: DataType): ColumnType {
  const { DataType: is } = arrow();
  if (is.isFloat(type)) return 'DOUBLE';
  if (is.isInt(type)) return 'INT64';
  if (is.isBool(type)) return 'BOOLEAN';
  if (is.isTimestamp(type) || is.isDate(type)) return 'TIMESTAMP';
  return 'UTF8';
}

/**
 * Copies a column of any Arrow type to one of our types; `rows` is the number of rows it must have.
 *
 * @throws RangeError for an integer beyond 64 bits
 */
export function foreignColumn(type: DataType, vector: Vector | null, rows: number): Column {
  const valueAt = (row: number): unknown => vector?.get(row) ?? null;
  switch (typeFor(type)) {
    case 'DOUBLE':
      return doubles(rows, valueAt);
    case 'INT64':
      return integers(rows, (row) => int64Of(valueAt(row)));
    case 'TIMESTAMP':
      return { ...integers(rows, (row) => microsOf(valueAt(row))), type: 'TIMESTAMP' };
    case 'BOOLEAN':
      return truths(rows, valueAt);
    default:
      return texts(rows, valueAt);
  }
}

function doubles(rows: number, valueAt: (row: number) => unknown): Column {
  const builder = new NumberBuilder(rows);
  for (let row = 0; row < rows; row++) {
    const value = valueAt(row);
    if (value !== null) builder.copy(row, 1, Float64Array.of(Number(value)), 0, 1);
  }
  return builder.finish();
}

function integers(
  rows: number,
  valueAt: (row: number) => bigint | null,
): Column & { readonly type: 'INT64' } {
  const builder = new IntegerBuilder(rows);
  for (let row = 0; row < rows; row++) {
    const value = valueAt(row);
    if (value !== null) builder.copy(row, 1, BigInt64Array.of(value), 0, 1);
  }
  return builder.finish();
}

function truths(rows: number, valueAt: (row: number) => unknown): Column {
  const builder = new BooleanBuilder(rows);
  for (let row = 0; row < rows; row++) {
    const value = valueAt(row);
    if (value !== null) builder.set(row, value === true);
  }
  return builder.finish();
}

function texts(rows: number, valueAt: (row: number) => unknown): Column {
  const builder = new TextBuilder(rows);
  for (let row = 0; row < rows; row++) {
    const value = valueAt(row);
    if (value !== null) builder.set(row, Buffer.from(jsonText(value), 'utf8'));
  }
  return builder.finish();
}

function jsonText(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}

function int64Of(value: unknown): bigint | null {
  if (value === null) return null;
  const integer = typeof value === 'bigint' ? value : BigInt(Number(value));
  if (BigInt.asIntN(64, integer) !== integer) throw new RangeError(`${integer} is beyond 64 bits`);
  return integer;
}

/** Converts a time; Arrow returns times in milliseconds, whatever their unit. */
function microsOf(value: unknown): bigint | null {
  const micros = value === null ? NaN : Math.round(Number(value) * 1000);
  return Number.isSafeInteger(micros) ? BigInt(micros) : null;
}

import { allBits, bitAt } from './bitmap.js';
import type { Column, ColumnType } from './column.js';
import { columnOfStrings } from './column-of-strings.js';
import { doubleAt, halvesOf, isSafeAt } from './int64.js';
import { cellTextOf } from './text-cells.js';

/**
 * The type that holds values of both types without loss: doubles and int64 that a double holds
 * exactly become doubles, all other differing types become text.
 *
 * @param integersExact - whether every int64 among them is a safe integer, which a double holds
 * exactly
 */
export function widerType(a: ColumnType, b: ColumnType, integersExact: boolean): ColumnType {
  if (a === b) return a;
  const numeric = (a === 'DOUBLE' && b === 'INT64') || (a === 'INT64' && b === 'DOUBLE');
  return numeric && integersExact ? 'DOUBLE' : 'UTF8';
}

/** True if every valid value of an int64 column is a safe integer. */
export function integersExact(column: Column & { readonly type: 'INT64' | 'TIMESTAMP' }): boolean {
  const halves = halvesOf(column.values);
  for (let row = 0; row < column.length; row++) {
    if (!isSafeAt(halves, row) && (column.validity === null || bitAt(column.validity, row))) return false;
  }
  return true;
}

/**
 * Converts values to another type; a number becomes the text of {@link cellTextOf}, with its cell
 * marked as a number.
 *
 * @throws TypeError for a type that cannot hold them all; int64 as doubles needs
 * {@link integersExact}
 */
export function widenColumn(column: Column, to: ColumnType): Column {
  if (column.type === to) return column;
  if (to === 'DOUBLE' && column.type === 'INT64') {
    const { length, nullCount, validity } = column;
    const halves = halvesOf(column.values);
    const values = new Float64Array(length);
    for (let row = 0; row < length; row++) values[row] = doubleAt(halves, row);
    return { type: 'DOUBLE', length, nullCount, validity, values };
  }
  if (to !== 'UTF8') throw new TypeError(`a ${column.type} column cannot be widened to ${to}`);
  const { length, validity } = column;
  const texts = columnOfStrings(Array.from({ length }, (_, row) => textAt(column, row)));
  return { ...texts, numeric: validity ?? allBits(length) };
}

function textAt(column: Column, row: number): Uint8Array | null {
  if (column.validity !== null && !bitAt(column.validity, row)) return null;
  switch (column.type) {
    case 'BOOLEAN':
      return Buffer.from(cellTextOf(bitAt(column.values, row)));
    case 'UTF8':
      return column.values.subarray(column.offsets[row], column.offsets[row + 1]);
    case 'INT64':
    case 'TIMESTAMP':
    case 'DOUBLE':
      return Buffer.from(cellTextOf(column.values[row] ?? 0));
    default:
      return column satisfies never;
  }
}

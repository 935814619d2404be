import type { MetricValue } from '../model/metric.js';
import type { Step } from '../model/step.js';
import { bitAt } from './bitmap.js';
import type { Column } from './column.js';
import { doubleAt, halvesOf, isSafeAt } from './int64.js';
import { cellAt, numericCells } from './text-cells.js';

/**
 * Reads the value of a row of a metric's column; a number in a column that became text is returned
 * as a number; null for a null row.
 */
export function valueAt(column: Column, row: number): MetricValue | null {
  if (column.validity !== null && !bitAt(column.validity, row)) return null;
  switch (column.type) {
    case 'DOUBLE':
    case 'INT64':
    case 'TIMESTAMP':
      return column.values[row] ?? null;
    case 'BOOLEAN':
      return bitAt(column.values, row);
    case 'UTF8':
      return cellAt(column, row);
    default:
      return column satisfies never;
  }
}

/** Reads steps: a number within 2^53, a bigint beyond, null for a row without one. */
export function stepReader(column: Column): (row: number) => Step | null {
  if (column.type !== 'INT64') throw new TypeError(`steps are INT64, not ${column.type}`);
  const { validity, values } = column;
  const halves = halvesOf(values);
  return (row) => {
    if (validity !== null && !bitAt(validity, row)) return null;
    return isSafeAt(halves, row) ? doubleAt(halves, row) : (values[row] ?? null);
  };
}

/** A reader of the numbers of a column as doubles. */
export type NumberColumn = Extract<Column, { readonly type: 'DOUBLE' }>;

/**
 * Converts a column to doubles: true and false become 1 and 0, texts become null rows. Null for a
 * column without numbers.
 */
export function numberColumn(column: Column): NumberColumn | null {
  const { length } = column;
  const validity = column.type === 'UTF8' ? numericCells(column) : column.validity;
  if (column.type === 'UTF8' && validity === null) return null;
  const values = new Float64Array(length);
  if (column.type === 'DOUBLE') values.set(column.values.subarray(0, length));
  else if (column.type === 'INT64' || column.type === 'TIMESTAMP') {
    const halves = halvesOf(column.values);
    for (let row = 0; row < length; row++) values[row] = doubleAt(halves, row);
  } else
    for (let row = 0; row < length; row++)
      if (validity === null || bitAt(validity, row)) values[row] = Number(valueAt(column, row));
  let nullCount = 0;
  if (validity !== null)
    for (let row = 0; row < length; row++) {
      if (bitAt(validity, row)) continue;
      values[row] = NaN;
      nullCount++;
    }
  return { type: 'DOUBLE', length, nullCount, validity, values };
}

/** Reads the numbers of a column as doubles, NaN for a row without a number. */
export const numbersOf = (column: Column): Float64Array | null => numberColumn(column)?.values ?? null;

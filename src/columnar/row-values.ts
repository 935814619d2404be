import type { MetricValue } from '../model/metric.js';
import { bitAt, bitmapBytes } from './bitmap.js';
import type { Column, TextColumn } from './column.js';
import { doubleAt, halvesOf } from './int64.js';
import { cellAt, numericCells } from './text-cells.js';

/** The value of a row of a metric's column, a number of a column that became text as the number it was; null where it has none. */
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

/**
 * The numbers of a column as doubles, 1 and 0 for true and false; NaN where a row has none, or a text. Null for a column that holds no
 * numbers.
 */
export function numbersOf(column: Column): Float64Array | null {
  const { type, length, validity } = column;
  if (type === 'UTF8') return numbersAmongTexts(column);
  const numbers = new Float64Array(length);
  if (type === 'DOUBLE') numbers.set(column.values.subarray(0, length));
  else if (type === 'BOOLEAN') for (let row = 0; row < length; row++) numbers[row] = Number(bitAt(column.values, row));
  else {
    const halves = halvesOf(column.values);
    for (let row = 0; row < length; row++) numbers[row] = doubleAt(halves, row);
  }
  if (validity !== null) for (let row = 0; row < length; row++) if (!bitAt(validity, row)) numbers[row] = NaN;
  return numbers;
}

/** A bitmap of the rows whose value is a number or a boolean; null where every row's is. */
export const numericRows = (column: Column): Uint8Array | null =>
  column.type === 'UTF8' ? (numericCells(column) ?? new Uint8Array(bitmapBytes(column.length))) : column.validity;

function numbersAmongTexts(column: TextColumn): Float64Array | null {
  const numeric = numericCells(column);
  if (numeric === null) return null;
  return Float64Array.from({ length: column.length }, (_, row) =>
    bitAt(numeric, row) ? Number(cellAt(column, row)) : NaN,
  );
}

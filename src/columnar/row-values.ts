import type { MetricValue } from '../model/metric.js';
import type { Step } from '../model/step.js';
import { bitAt } from './bitmap.js';
import type { Column } from './column.js';
import { doubleAt, halvesOf, isSafeAt } from './int64.js';

/** A byte order mark at the beginning is part of the text. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The value of a row of a metric's column; null where it has none. */
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
      return UTF8.decode(column.values.subarray(column.offsets[row], column.offsets[row + 1]));
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

/** The numbers of a column as doubles, NaN where a row has none; null for a column that holds no numbers. */
export function numbersOf(column: Column): Float64Array | null {
  const { type, length, validity } = column;
  if (type === 'UTF8' || type === 'BOOLEAN') return null;
  const numbers = new Float64Array(length);
  if (type === 'DOUBLE') numbers.set(column.values.subarray(0, length));
  else {
    const halves = halvesOf(column.values);
    for (let row = 0; row < length; row++) numbers[row] = doubleAt(halves, row);
  }
  if (validity !== null) for (let row = 0; row < length; row++) if (!bitAt(validity, row)) numbers[row] = NaN;
  return numbers;
}

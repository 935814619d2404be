import { bitAt, bitmapBytes, setBit } from './bitmap.js';
import type { Column } from './column.js';
import { columnOfStrings } from './column-of-strings.js';
import { doubleAt, halvesOf } from './int64.js';

/** Where each row goes when rows of the same step become one, and how many rows are left. */
export interface RowMerge {
  readonly targets: Int32Array;
  readonly rows: number;
}

/**
 * Finds rows of the same step; null when there are none, which a run whose steps only rise learns in one pass.
 *
 * Rows without a step stay alone. A merged row stands where its step came first.
 */
export function planMerge(step: Column & { readonly values: BigInt64Array }): RowMerge | null {
  const halves = halvesOf(step.values);
  if (onlyRises(step, halves)) return null;
  const targets = new Int32Array(step.length);
  const firstOf = new Map<number, number>();
  let rows = 0;
  for (let row = 0; row < step.length; row++) {
    if (step.validity !== null && !bitAt(step.validity, row)) {
      targets[row] = rows++;
      continue;
    }
    const value = doubleAt(halves, row);
    const first = firstOf.get(value);
    if (first === undefined) firstOf.set(value, rows);
    targets[row] = first ?? rows++;
  }
  return rows === step.length ? null : { targets, rows };
}

function onlyRises(step: Column, halves: Int32Array): boolean {
  let last = -Infinity;
  for (let row = 0; row < step.length; row++) {
    if (step.validity !== null && !bitAt(step.validity, row)) continue;
    const value = doubleAt(halves, row);
    if (value <= last) return false;
    last = value;
  }
  return true;
}

/** A column after the merge: of several values for one row the last is kept. */
export function mergeColumn(column: Column, { targets, rows }: RowMerge): Column {
  const source = new Int32Array(rows).fill(-1);
  for (let row = 0; row < column.length; row++)
    if (column.validity === null || bitAt(column.validity, row)) source[targets[row] ?? 0] = row;
  const validity = new Uint8Array(bitmapBytes(rows));
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    if ((source[row] ?? -1) >= 0) setBit(validity, row);
    else nullCount++;
  }
  const base = { length: rows, nullCount, validity: nullCount === 0 ? null : validity };
  switch (column.type) {
    case 'DOUBLE': {
      const values = new Float64Array(rows);
      for (let row = 0; row < rows; row++) values[row] = column.values[source[row] ?? -1] ?? 0;
      return { type: column.type, ...base, values };
    }
    case 'INT64':
    case 'TIMESTAMP': {
      const values = new BigInt64Array(rows);
      for (let row = 0; row < rows; row++) values[row] = column.values[source[row] ?? -1] ?? 0n;
      return { type: column.type, ...base, values };
    }
    case 'BOOLEAN': {
      const values = new Uint8Array(bitmapBytes(rows));
      for (let row = 0; row < rows; row++) if ((source[row] ?? -1) >= 0 && bitAt(column.values, source[row] ?? 0)) setBit(values, row);
      return { type: column.type, ...base, values };
    }
    case 'UTF8':
      return columnOfStrings(
        Array.from(source, (row) => (row < 0 ? null : column.values.subarray(column.offsets[row], column.offsets[row + 1]))),
      );
  }
}

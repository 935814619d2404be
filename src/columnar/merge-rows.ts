import { bitAt } from './bitmap.js';
import type { Column } from './column.js';
import { gatherColumn } from './gather.js';
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
  if (onlyRises(step)) return null;
  const steps = stepsOf(step);
  const targets = new Int32Array(steps.length);
  // A table of all steps is what costs, and only a step that goes back needs it.
  let firstOf: Map<number, number> | null = null;
  let last = -Infinity;
  let target = -1;
  let rows = 0;
  for (let row = 0; row < steps.length; row++) {
    const value = steps[row] ?? NaN;
    if (value !== value) {
      targets[row] = rows++;
      continue;
    }
    if (firstOf === null && value < last) firstOf = firstRows(steps, targets, row);
    const known = firstOf === null ? (value === last ? target : undefined) : firstOf.get(value);
    target = known ?? rows++;
    targets[row] = target;
    if (known === undefined) firstOf?.set(value, target);
    last = value;
  }
  return rows === steps.length ? null : { targets, rows };
}

function onlyRises({ values, validity, length }: Column & { readonly values: BigInt64Array }): boolean {
  const halves = halvesOf(values);
  let last = -Infinity;
  for (let row = 0; row < length; row++) {
    if (validity !== null && !bitAt(validity, row)) continue;
    const value = doubleAt(halves, row);
    if (value <= last) return false;
    last = value;
  }
  return true;
}

/** The steps as doubles, NaN where there is none. */
function stepsOf({ values, validity, length }: Column & { readonly values: BigInt64Array }): Float64Array {
  const halves = halvesOf(values);
  const steps = new Float64Array(length);
  for (let row = 0; row < length; row++)
    steps[row] = validity === null || bitAt(validity, row) ? doubleAt(halves, row) : NaN;
  return steps;
}

function firstRows(steps: Float64Array, targets: Int32Array, rows: number): Map<number, number> {
  const firstOf = new Map<number, number>();
  for (let row = 0; row < rows; row++) firstOf.set(steps[row] ?? NaN, targets[row] ?? 0);
  return firstOf;
}

/** A column after the merge: of several values for one row the last is kept. */
export function mergeColumn(column: Column, { targets, rows }: RowMerge): Column {
  const source = new Int32Array(rows).fill(-1);
  for (let row = 0; row < column.length; row++)
    if (column.validity === null || bitAt(column.validity, row)) source[targets[row] ?? 0] = row;
  return gatherColumn(column, source);
}

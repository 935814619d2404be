import { bitAt } from './bitmap.js';
import type { Column } from './column.js';
import { gatherColumn } from './gather.js';

/** The row of each call, if calls share rows. */
export interface RowMerge {
  /** The row of each call. */
  readonly targets: Int32Array;
  /** The call that began each row. */
  readonly firsts: Int32Array;
}

/** Completes a merge of calls into `rows` rows. */
export function mergeOf(targets: Int32Array, rows: number): RowMerge {
  const firsts = new Int32Array(rows).fill(-1);
  for (let call = targets.length - 1; call >= 0; call--) firsts[targets[call] ?? 0] = call;
  return { targets, firsts };
}

/** Converts a metric's column from calls to rows; at most one call of a row has a value. */
export function mergeColumn(column: Column, { targets, firsts }: RowMerge): Column {
  const source = new Int32Array(firsts.length).fill(-1);
  for (let call = 0; call < column.length; call++)
    if (column.validity === null || bitAt(column.validity, call)) source[targets[call] ?? 0] = call;
  return gatherColumn(column, source);
}

/** Converts steps or timestamps from calls to rows; a row has those of the call that began it. */
export const firstOfRows = (column: Column, { firsts }: RowMerge): Column => gatherColumn(column, firsts);

import * as arrow from 'apache-arrow';
import type { RowBatch } from './record-batch.js';

/** Rows of a run as an Arrow table. */
export type RowTable = arrow.Table;

/** Puts batches of the same columns behind each other; their buffers are shared, not copied. */
export function tableOf(batches: readonly RowBatch[]): RowTable {
  return new arrow.Table([...batches]);
}

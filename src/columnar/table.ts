import * as arrow from 'apache-arrow';
import { type RowBatch, columnAt, fieldsOf, recordBatchWith } from './record-batch.js';

/** Rows of a run as an Arrow table. */
export type RowTable = arrow.Table;

/** Puts batches of the same columns behind each other, for the caller's Arrow; their buffers are shared, not copied. */
export function tableOf(batches: readonly RowBatch[]): RowTable {
  return new arrow.Table(
    batches.map((batch) =>
      recordBatchWith(
        arrow,
        fieldsOf(batch).map(({ name }, index) => ({ ...columnAt(batch, index), name })),
      ),
    ),
  );
}

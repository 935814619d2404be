import * as arrow from 'apache-arrow';
import { type NamedColumn, recordBatchWith } from './record-batch.js';

/** Rows of a run as an Arrow table. */
export type RowTable = arrow.Table;

/** A batch of a run's rows. */
export type RowsBatch = arrow.RecordBatch<Record<string, arrow.DataType>>;

/** Makes a batch of rows for the caller's Arrow; the columns' buffers are used, not copied. */
export const batchOf = (columns: readonly NamedColumn[]): RowsBatch => recordBatchWith(arrow, columns);

/** Concatenates batches of the same columns. */
export const tableOf = (batches: readonly (readonly NamedColumn[])[]): RowTable =>
  new arrow.Table(batches.map(batchOf));

import type { Column, ColumnField } from './column.js';
import { type Piece, concatColumns } from './concat.js';
import { mergeColumn, planMerge } from './merge-rows.js';
import { type RowBatch, columnAt, fieldsOf } from './record-batch.js';
import { widenColumn } from './widen.js';

/** The column every group starts with. */
export const STEP_FIELD: ColumnField = { name: 'step', type: 'INT64' };
/** The second column of every group. */
export const TIMESTAMP_FIELD: ColumnField = { name: 'timestamp', type: 'TIMESTAMP' };

/**
 * The batches that will be one Parquet row group.
 *
 * Columns come out one by one, so that a caller with other work can do it in between.
 */
export class RowGroupBatches {
  private readonly batches: { readonly batch: RowBatch; readonly indexOf: ReadonlyMap<string, number> }[] =
    [];
  /** Rows as they were logged, before rows of the same step merge. */
  rows = 0;
  /** Bytes of the batches' buffers. */
  bytes = 0;

  constructor(private readonly mergesSteps = true) {}

  add(batch: RowBatch): void {
    this.batches.push({ batch, indexOf: new Map(fieldsOf(batch).map(({ name }, index) => [name, index])) });
    this.rows += batch.numRows;
    for (const child of batch.data.children) this.bytes += child.byteLength;
  }

  /** A copy that later batches do not change. */
  snapshot(): RowGroupBatches {
    const copy = new RowGroupBatches(this.mergesSteps);
    copy.batches.push(...this.batches);
    copy.rows = this.rows;
    copy.bytes = this.bytes;
    return copy;
  }

  /** Yields the group's columns in the order of `fields`, rows of the same step merged unless told otherwise, values as each field's type. */
  *columns(fields: readonly ColumnField[]): Generator<Column, void> {
    const step = this.column(STEP_FIELD);
    if (step.type !== 'INT64') throw new TypeError('step is no INT64 column');
    const merge = this.mergesSteps ? planMerge(step) : null;
    for (const field of fields) {
      const column = field.name === STEP_FIELD.name ? step : this.column(field);
      yield merge === null ? column : mergeColumn(column, merge);
    }
  }

  private column({ name, type }: ColumnField): Column {
    const pieces = this.batches.map(({ batch, indexOf }): Piece => {
      const index = indexOf.get(name);
      return index === undefined
        ? { type: null, length: batch.numRows }
        : widenColumn(columnAt(batch, index), type);
    });
    return concatColumns(type, pieces);
  }
}

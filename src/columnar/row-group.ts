import type { Column, ColumnField } from './column.js';
import { type Piece, concatColumns } from './concat.js';
import { type RowMerge, firstOfRows, mergeColumn, mergeOf } from './merge-rows.js';
import { namedColumns } from './named-columns.js';
import { type NamedColumn, type RowBatch, columnAt, fieldsOf, recordBatchOf } from './record-batch.js';
import { sliceColumn } from './slice.js';
import { widenColumn } from './widen.js';

/** The first column of every group. */
export const STEP_FIELD: ColumnField = { name: 'step', type: 'INT64' };
/** The second column of every group. */
export const TIMESTAMP_FIELD: ColumnField = { name: 'timestamp', type: 'TIMESTAMP' };

/** The rows of the calls of a batch. */
export interface BatchPlace {
  /** The number of rows that the batch begins. */
  readonly rows: number;
  /**
   * The row of each call, counted from the first row that the batch begins: negative for an earlier
   * row that the call joins. Null if each call begins a row.
   */
  readonly targets: Int32Array | null;
}

interface PlacedBatch {
  readonly batch: RowBatch;
  readonly indexOf: ReadonlyMap<string, number>;
  readonly place: BatchPlace;
}

/**
 * The batches that will be one Parquet row group.
 *
 * Columns are yielded one by one, so that a caller can do other work in between.
 */
export class RowGroupBatches {
  private readonly batches: PlacedBatch[] = [];
  rows = 0;
  /** The number of bytes of the batches' buffers. */
  bytes = 0;
  private calls = 0;
  private merge: RowMerge | null = null;

  /**
   * Adds calls and the rows that they begin. @throws RangeError for a call that joins a row of an
   * earlier group
   */
  add(batch: RowBatch, place: BatchPlace = { rows: batch.numRows, targets: null }): void {
    if (place.targets?.some((target) => this.rows + target < 0) === true)
      throw new RangeError('a call joins a row that is not in a batch of its group');
    this.batches.push({
      batch,
      indexOf: new Map(fieldsOf(batch).map(({ name }, index) => [name, index])),
      place,
    });
    this.merge = null;
    this.rows += place.rows;
    this.calls += batch.numRows;
    for (const child of batch.data.children) this.bytes += child.byteLength;
  }

  /** Adds rows unchanged. */
  addRows(columns: readonly NamedColumn[]): void {
    const [step] = columns;
    if (step === undefined || step.length === 0) return;
    // A column without a value can have any type.
    const isKey = ({ name }: NamedColumn): boolean =>
      name === STEP_FIELD.name || name === TIMESTAMP_FIELD.name;
    this.add(recordBatchOf(columns.filter((column) => isKey(column) || column.nullCount < column.length)));
  }

  /** Makes a copy that later batches do not change. */
  snapshot(): RowGroupBatches {
    const copy = new RowGroupBatches();
    copy.batches.push(...this.batches);
    copy.rows = this.rows;
    copy.calls = this.calls;
    copy.bytes = this.bytes;
    return copy;
  }

  /**
   * Yields the group's columns in the order of `fields`, calls joined to rows, values as each
   * field's type.
   */
  *columns(fields: readonly ColumnField[]): Generator<Column, void> {
    this.merge ??= this.plan();
    for (const field of fields) {
      const column = this.column(field);
      if (this.merge === null) yield column;
      else if (field.name === STEP_FIELD.name || field.name === TIMESTAMP_FIELD.name)
        yield firstOfRows(column, this.merge);
      else yield mergeColumn(column, this.merge);
    }
  }

  /**
   * Splits the group: returns the columns of all rows except the last `keep`, and a group that
   * begins with those.
   */
  split(
    fields: readonly ColumnField[],
    keep: number,
  ): { readonly front: readonly Column[]; readonly rest: RowGroupBatches } {
    const cut = Math.max(0, this.rows - keep);
    const columns = [...this.columns(fields)];
    const rest = new RowGroupBatches();
    const last = columns.map((column) => sliceColumn(column, cut, this.rows));
    rest.addRows(namedColumns(fields, last));
    return { front: columns.map((column) => sliceColumn(column, 0, cut)), rest };
  }

  private plan(): RowMerge | null {
    if (this.batches.every(({ place }) => place.targets === null)) return null;
    const targets = new Int32Array(this.calls);
    let [call, row] = [0, 0];
    for (const { batch, place } of this.batches) {
      for (let i = 0; i < batch.numRows; i++) targets[call++] = row + (place.targets?.[i] ?? i);
      row += place.rows;
    }
    return mergeOf(targets, this.rows);
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

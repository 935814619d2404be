import type { ColumnField } from '../columnar/column.js';
import { namedColumns } from '../columnar/named-columns.js';
import type { NamedColumn } from '../columnar/record-batch.js';
import { STEP_FIELD, TIMESTAMP_FIELD } from '../columnar/row-group.js';
import type { Step } from '../model/step.js';
import { type ChunkReader, readColumn } from '../storage/chunk-reader.js';
import type { FileFooter, PlacedChunk } from '../storage/parquet/index.js';

/** The columns and rows to read in each batch. */
export interface BatchWish {
  /** Columns by name; all if absent. `step` and `timestamp` are always included. */
  readonly columns?: ReadonlySet<string>;
  /** Groups whose steps all lie outside this range are skipped. */
  readonly fromStep?: Step;
  readonly toStep?: Step;
  /** True to include rows without a step: a group that has one is not skipped. */
  readonly isWithStepless?: boolean;
  /**
   * True to add the epoch of each row's session as a third column, `session`, after the timestamp.
   */
  readonly isWithSession?: boolean;
  /** Groups whose rows all come before this one are skipped. */
  readonly fromRow?: number;
  /** Groups with a row at or after this one are never skipped. */
  readonly neededFrom?: number;
  /** Called with the number of skipped rows. */
  readonly passedOver?: (rows: number) => void;
}

/** Rows of a file from one row group. */
export interface GroupBatch {
  /** The number of rows of the file before them. */
  readonly firstRow: number;
  readonly columns: NamedColumn[];
}

/** Returns the fields that are wanted. */
export const wantedFields = (fields: readonly ColumnField[], { columns }: BatchWish): ColumnField[] =>
  fields.filter(
    ({ name }) =>
      columns === undefined || columns.has(name) || name === STEP_FIELD.name || name === TIMESTAMP_FIELD.name,
  );

/** Reads the row groups of a file as batches of some fields; a field that a group lacks is null. */
export function* groupBatches(
  footer: FileFooter,
  fields: readonly ColumnField[],
  read: ChunkReader,
  wish: BatchWish = {},
): Generator<GroupBatch, void> {
  const place = new Map(footer.fields.map(({ name }, index) => [name, index]));
  let firstRow = 0;
  for (const { rows, chunks } of footer.groups) {
    firstRow += rows;
    const isNeeded = firstRow > (wish.neededFrom ?? Infinity);
    if (firstRow <= (wish.fromRow ?? 0)) continue;
    if (!isNeeded && isBeside(chunks[place.get(STEP_FIELD.name) ?? -1], rows, wish)) {
      wish.passedOver?.(rows);
      continue;
    }
    const columns = fields.map(({ name, type }) =>
      readColumn(read, chunks[place.get(name) ?? -1], type, rows),
    );
    yield { firstRow: firstRow - rows, columns: namedColumns(fields, columns) };
  }
}

/** True if the bounds in the footer show that no step of a group lies in the requested range. */
function isBeside(
  chunk: PlacedChunk | undefined,
  rows: number,
  { fromStep = -Infinity, toStep = Infinity, isWithStepless = false }: BatchWish,
): boolean {
  if (fromStep === -Infinity && toStep === Infinity) return false;
  if (isWithStepless && (chunk === undefined || chunk.nullCount > 0)) return false;
  if (chunk === undefined || chunk.nullCount === rows) return true;
  const { min, max } = chunk;
  if (min === null || max === null) return false;
  return int64At(max) < fromStep || int64At(min) > toStep;
}

const int64At = (bytes: Uint8Array): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigInt64(0, true);

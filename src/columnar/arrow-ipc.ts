import type { DataType, Schema as SchemaOf } from 'apache-arrow';
import { arrow } from './arrow.js';
import { assertSound } from './arrow-messages.js';
import { bitmapBytes } from './bitmap.js';
import { BooleanBuilder, IntegerBuilder, NumberBuilder, TextBuilder } from './column-builder.js';
import type { Column, ColumnField, ColumnType } from './column.js';
import { foreignColumn, typeFor } from './foreign-column.js';
import { columnAt, recordBatchOf, type RowBatch } from './record-batch.js';

const {
  AsyncByteQueue,
  DataType: is,
  Precision,
  RecordBatchFileWriter,
  RecordBatchReader,
  Schema,
  TimeUnit,
} = arrow();

/**
 * The most rows of a batch that is read: real writers stay far below, and it bounds the memory
 * allocated for a batch.
 *
 * @bound refuses: RangeError, which the importer reports as CORRUPT
 */
const MAX_BATCH_ROWS = 1 << 24;

/** A table in an IPC file or stream of any writer. */
export interface IpcTable {
  /**
   * Columns of other types than ours get the type that fits their values; nested values are text.
   */
  readonly fields: readonly ColumnField[];
  /** The metadata of its schema. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Its batches, with one column for each field; a truncated file yields the complete ones, and
   * then throws.
   *
   * @throws RangeError, TypeError or Error of Arrow for bytes that are not a batch
   */
  batches(): Generator<readonly Column[], void>;
}

/** Reads a table; its columns are views of `bytes` if they are of our types. */
export function readIpc(bytes: Uint8Array): IpcTable {
  const { schema } = open(bytes);
  return {
    // The format allows a field without a name, whatever the types say.
    fields: schema.fields.map(({ name, type }) => ({
      name: (name as string | null) ?? '',
      type: typeFor(type),
    })),
    metadata: schema.metadata,
    batches: function* () {
      for (const batch of open(bytes)) yield columnsOf(batch);
    },
  };
}

/** Writes batches as an IPC file; passes the bytes on as they arise. */
export class IpcWriter {
  private readonly writer = new RecordBatchFileWriter();

  constructor(
    private readonly fields: readonly ColumnField[],
    metadata: ReadonlyMap<string, string>,
    take: (bytes: Uint8Array) => void,
  ) {
    const { schema } = this.batchOf([]);
    this.writer.reset(new Sink(take), new Schema(schema.fields, new Map(metadata)));
  }

  /** Writes a batch; the columns are in the order of the fields. */
  write(columns: readonly Column[]): void {
    this.writer.write(this.batchOf(columns));
  }

  finish(): void {
    this.writer.finish();
  }

  private batchOf(columns: readonly Column[]): RowBatch {
    return recordBatchOf(
      this.fields.map(({ name, type }, at) => ({ ...(columns[at] ?? emptyColumn(type)), name })),
    );
  }
}

/** A sink for Arrow's writer that passes bytes on instead of queueing the whole file. */
class Sink extends AsyncByteQueue {
  constructor(private readonly take: (bytes: Uint8Array) => void) {
    super();
  }

  override write(value: ArrayBufferView | ArrayBufferLike): void {
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    this.take(Uint8Array.from(bytes));
  }

  override close(): void {
    return;
  }
}

function open(
  bytes: Uint8Array,
): Iterable<RowBatch> & { readonly schema: SchemaOf<Record<string, DataType>> } {
  assertSound(bytes);
  return RecordBatchReader.from<Record<string, DataType>>(bytes).open();
}

function columnsOf(batch: RowBatch): Column[] {
  const { numRows } = batch;
  if (numRows > MAX_BATCH_ROWS)
    throw new RangeError(`a batch has ${numRows} rows, more than ${MAX_BATCH_ROWS}`);
  return batch.schema.fields.map(({ type }, at) => {
    const column = isOurs(type) ? columnAt(batch, at) : foreignColumn(type, batch.getChildAt(at), numRows);
    assertWhole(column, numRows);
    return column;
  });
}

/** Lengths come from the file; the buffers may be shorter. */
function assertWhole(column: Column, rows: number): void {
  const { validity, length } = column;
  const slots = column.type === 'UTF8' ? column.offsets.length - 1 : column.values.length;
  const needed = column.type === 'BOOLEAN' ? bitmapBytes(rows) : rows;
  const isShort = length !== rows || slots < needed || (validity?.length ?? Infinity) < bitmapBytes(rows);
  if (isShort && rows > 0) throw new RangeError('a column is shorter than its batch');
  if (column.type !== 'UTF8') return;
  const { offsets, values } = column;
  for (let row = 0; row < rows; row++)
    if ((offsets[row] ?? -1) > (offsets[row + 1] ?? -1))
      throw new RangeError('the texts of a column overlap');
  if ((offsets[0] ?? 0) < 0 || (offsets[rows] ?? 0) > values.length)
    throw new RangeError('a text ends beyond its column');
}

/** Tells if our column can be a view of its buffers. */
function isOurs(type: DataType): boolean {
  if (is.isFloat(type)) return type.precision === Precision.DOUBLE;
  if (is.isInt(type)) return type.isSigned && type.bitWidth === 64;
  if (is.isTimestamp(type)) return type.unit === TimeUnit.MICROSECOND;
  return is.isBool(type) || is.isUtf8(type);
}

function emptyColumn(type: ColumnType): Column {
  switch (type) {
    case 'DOUBLE':
      return new NumberBuilder(0).finish();
    case 'INT64':
      return new IntegerBuilder(0).finish();
    case 'TIMESTAMP':
      return { ...new IntegerBuilder(0).finish(), type: 'TIMESTAMP' };
    case 'BOOLEAN':
      return new BooleanBuilder(0).finish();
    case 'UTF8':
      return new TextBuilder(0).finish();
    default:
      return type satisfies never;
  }
}

import type { DataType, Data, Field, RecordBatch } from 'apache-arrow';
import { type Arrow, arrow } from './arrow.js';
import type { Column, ColumnField, ColumnType, TextColumn } from './column.js';

/** Rows of a run in Arrow's columnar form. */
export type RowBatch = RecordBatch<Record<string, DataType>>;

const TYPES: Readonly<Record<ColumnType, (arrow: Arrow) => DataType>> = {
  DOUBLE: (arrow) => new arrow.Float64(),
  INT64: (arrow) => new arrow.Int64(),
  BOOLEAN: (arrow) => new arrow.Bool(),
  UTF8: (arrow) => new arrow.Utf8(),
  TIMESTAMP: (arrow) => new arrow.TimestampMicrosecond('UTC'),
};

/** The metadata entry of a field that lists the cells of its column that are numbers. */
const NUMERIC_KEY = 'expman.numeric';

/** A column and its name. */
export type NamedColumn = Column & { readonly name: string };

/**
 * Combines columns of equal length in an Arrow record batch; their buffers are used, not copied.
 */
export function recordBatchOf(columns: readonly NamedColumn[]): RowBatch {
  return recordBatchWith(arrow(), columns, marksOf);
}

/** Does the same with another copy of Arrow, without marking the texts that are numbers. */
export function recordBatchWith(
  arrow: Arrow,
  columns: readonly NamedColumn[],
  metadataOf: (column: Column) => Map<string, string> | null = () => null,
): RowBatch {
  const fields = columns.map(
    (column) => new arrow.Field(column.name, TYPES[column.type](arrow), true, metadataOf(column)),
  );
  const length = columns[0]?.length ?? 0;
  const children = columns.map((column) => dataOf(arrow, column));
  const struct = arrow.makeData({
    type: new arrow.Struct<Record<string, DataType>>(fields),
    length,
    nullCount: 0,
    children,
  });
  return new arrow.RecordBatch(new arrow.Schema<Record<string, DataType>>(fields), struct);
}

function dataOf(arrow: Arrow, column: Column): Data {
  const { length, nullCount, validity } = column;
  const nullBitmap = validity ?? undefined;
  switch (column.type) {
    case 'DOUBLE':
      return arrow.makeData({
        type: new arrow.Float64(),
        length,
        nullCount,
        nullBitmap,
        data: column.values,
      });
    case 'INT64':
      return arrow.makeData({ type: new arrow.Int64(), length, nullCount, nullBitmap, data: column.values });
    case 'TIMESTAMP':
      return arrow.makeData({
        type: new arrow.TimestampMicrosecond('UTC'),
        length,
        nullCount,
        nullBitmap,
        data: column.values,
      });
    case 'BOOLEAN':
      return arrow.makeData({ type: new arrow.Bool(), length, nullCount, nullBitmap, data: column.values });
    case 'UTF8':
      return arrow.makeData({
        type: new arrow.Utf8(),
        length,
        nullCount,
        nullBitmap,
        valueOffsets: column.offsets,
        data: column.values,
      });
  }
}

/**
 * The metadata that lists the cells of a text column that are numbers; Arrow has no other place for
 * it.
 */
function marksOf(column: Column): Map<string, string> | null {
  if (column.type !== 'UTF8' || column.numeric === undefined) return null;
  const { numeric } = column;
  return new Map([[NUMERIC_KEY, numeric === 'alike' ? numeric : Buffer.from(numeric).toString('latin1')]]);
}

function numericOf({ metadata }: Field): Pick<TextColumn, 'numeric'> {
  const text = metadata.get(NUMERIC_KEY);
  if (text === undefined) return {};
  return { numeric: text === 'alike' ? text : Buffer.from(text, 'latin1') };
}

/** Returns the names and types of a batch's columns. */
export function fieldsOf(batch: RowBatch): ColumnField[] {
  return batch.schema.fields.map(({ name, type }) => ({ name, type: typeOf(type) }));
}

function typeOf(type: DataType): ColumnType {
  const { DataType: is, Type } = arrow();
  if (is.isFloat(type)) return 'DOUBLE';
  if (is.isInt(type)) return 'INT64';
  if (is.isBool(type)) return 'BOOLEAN';
  if (is.isUtf8(type)) return 'UTF8';
  if (is.isTimestamp(type)) return 'TIMESTAMP';
  throw new TypeError(`there is no column type for Arrow's ${Type[type.typeId]}`);
}

/** Returns column `index` of a batch as views of its buffers. */
export function columnAt(batch: RowBatch, index: number): Column {
  const data = batch.data.children[index];
  const field = batch.schema.fields[index];
  if (data === undefined || field === undefined)
    throw new RangeError(`a batch of ${batch.numCols} columns has no column ${index}`);
  const { length, nullCount } = data;
  const validity = nullCount === 0 ? null : data.nullBitmap;
  const type = typeOf(field.type);
  switch (type) {
    case 'DOUBLE':
      return { type, length, nullCount, validity, values: data.values as Float64Array };
    case 'INT64':
    case 'TIMESTAMP':
      return { type, length, nullCount, validity, values: data.values as BigInt64Array };
    case 'BOOLEAN':
      return { type, length, nullCount, validity, values: data.values as Uint8Array };
    case 'UTF8':
      return {
        type,
        length,
        nullCount,
        validity,
        offsets: data.valueOffsets as Int32Array,
        values: data.values as Uint8Array,
        ...numericOf(field),
      };
  }
}

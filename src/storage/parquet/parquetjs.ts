import { commonJs } from '../../model/common-js.js';
import { VERSION } from '../../model/version.js';
import { loadStructs, loadWriter } from './parquetjs-lite.cjs';

/**
 * Bytes or text; our {@link CompactReader} always returns bytes, so that their place in the file is
 * known.
 */
export type Binary = string | Uint8Array;

/**
 * The writing half of Thrift's protocol interface, as far as Parquet's generated structs call it.
 */
export interface ThriftOutput {
  writeStructBegin(name: string): void;
  writeStructEnd(): void;
  writeFieldBegin(name: string, type: number, id: number): void;
  writeFieldEnd(): void;
  writeFieldStop(): void;
  writeListBegin(elementType: number, size: number): void;
  writeListEnd(): void;
  writeBool(value: boolean): void;
  writeByte(value: number): void;
  writeI16(value: number): void;
  writeI32(value: number): void;
  writeI64(value: number): void;
  writeString(value: Binary): void;
}

/** The reading half of the same interface. */
export interface ThriftInput {
  readStructBegin(): void;
  readStructEnd(): void;
  readFieldBegin(): { readonly fname: null; readonly ftype: number; readonly fid: number };
  readFieldEnd(): void;
  readListBegin(): { readonly etype: number; readonly size: number };
  readListEnd(): void;
  readBool(): boolean;
  readByte(): number;
  readI16(): number;
  readI32(): number;
  readI64(): number;
  readString(): Binary;
  skip(type: number): void;
}

/** An instance of a generated struct with any fields. */
interface AnyStruct {
  write(output: ThriftOutput): void;
  read(input: ThriftInput): void;
}
/** An instance of a generated struct; a field that was not set, or not in the bytes, is null. */
export type Struct<F> = { [K in keyof F]: F[K] | null } & AnyStruct;
type StructClass<F> = new (fields?: { [K in keyof F]?: F[K] | null }) => Struct<F>;
/** A struct without fields: only its presence matters. */
type EmptyClass = new () => AnyStruct;

export type Statistics = Struct<{ null_count: number; min_value: Binary; max_value: Binary }>;
type DataPageHeader = Struct<{
  num_values: number;
  encoding: number;
  definition_level_encoding: number;
  repetition_level_encoding: number;
}>;
type DictionaryPageHeader = Struct<{ num_values: number; encoding: number }>;
export type PageHeader = Struct<{
  type: number;
  uncompressed_page_size: number;
  compressed_page_size: number;
  crc: number;
  data_page_header: DataPageHeader;
  dictionary_page_header: DictionaryPageHeader;
}>;
type TimeUnit = Struct<{ MICROS: AnyStruct }>;
type TimestampType = Struct<{ isAdjustedToUTC: boolean; unit: TimeUnit }>;
export type LogicalType = Struct<{ STRING: AnyStruct; TIMESTAMP: TimestampType }>;
export type SchemaElement = Struct<{
  type: number;
  repetition_type: number;
  name: Binary;
  num_children: number;
  converted_type: number;
  logicalType: LogicalType;
}>;
export type ColumnMetaData = Struct<{
  type: number;
  encodings: number[];
  path_in_schema: Binary[];
  codec: number;
  num_values: number;
  total_uncompressed_size: number;
  total_compressed_size: number;
  data_page_offset: number;
  dictionary_page_offset: number;
  statistics: Statistics;
  key_value_metadata: KeyValue[];
}>;
export type ColumnChunk = Struct<{ file_path: Binary; file_offset: number; meta_data: ColumnMetaData }>;
export type RowGroup = Struct<{ columns: ColumnChunk[]; total_byte_size: number; num_rows: number }>;
export type KeyValue = Struct<{ key: Binary; value: Binary }>;
export type ColumnOrder = Struct<{ TYPE_ORDER: AnyStruct }>;
export type FileMetaData = Struct<{
  version: number;
  schema: SchemaElement[];
  num_rows: number;
  row_groups: RowGroup[];
  key_value_metadata: KeyValue[];
  created_by: Binary;
  column_orders: ColumnOrder[];
}>;

type FieldsOf<S> = S extends Struct<infer F> ? F : never;
type ClassOf<S> = StructClass<FieldsOf<S>>;

interface Generated {
  readonly Statistics: ClassOf<Statistics>;
  readonly DataPageHeader: ClassOf<DataPageHeader>;
  readonly DictionaryPageHeader: ClassOf<DictionaryPageHeader>;
  readonly PageHeader: ClassOf<PageHeader>;
  readonly MicroSeconds: EmptyClass;
  readonly StringType: EmptyClass;
  readonly TimeUnit: ClassOf<TimeUnit>;
  readonly TimestampType: ClassOf<TimestampType>;
  readonly LogicalType: ClassOf<LogicalType>;
  readonly SchemaElement: ClassOf<SchemaElement>;
  readonly ColumnMetaData: ClassOf<ColumnMetaData>;
  readonly ColumnChunk: ClassOf<ColumnChunk>;
  readonly RowGroup: ClassOf<RowGroup>;
  readonly KeyValue: ClassOf<KeyValue>;
  readonly TypeDefinedOrder: EmptyClass;
  readonly ColumnOrder: ClassOf<ColumnOrder>;
  readonly FileMetaData: ClassOf<FileMetaData>;
  readonly Type: Readonly<Record<string, number>>;
  readonly ConvertedType: Readonly<Record<string, number>>;
  readonly FieldRepetitionType: Readonly<Record<string, number>>;
  readonly Encoding: Readonly<Record<string, number>>;
  readonly CompressionCodec: Readonly<Record<string, number>>;
  readonly PageType: Readonly<Record<string, number>>;
}

/**
 * One column as parquetjs-lite's schema describes it; `name` and `path` may be set after the schema
 * is made.
 */
export interface SchemaField {
  name: string;
  path: string[];
  readonly primitiveType: string;
  readonly originalType?: string;
  readonly repetitionType: string;
}

/** parquetjs-lite's schema. */
export interface Schema {
  readonly fieldList: SchemaField[];
}

interface Envelope {
  readonly schema: Schema;
  rowCount: number;
  readonly rowGroups: RowGroup[];
  writeHeader(): void;
  writeSection(bytes: Uint8Array): void;
}

interface Package {
  readonly ParquetSchema: new (fields: Record<string, { type: string; optional: boolean }>) => Schema;
  readonly ParquetEnvelopeWriter: new (
    schema: Schema,
    write: (bytes: Uint8Array) => void,
    close: () => void,
    fileOffset: number,
    options: Record<string, never>,
  ) => Envelope;
  readonly deflate: (method: string, bytes: Uint8Array) => Uint8Array;
}

/** The names that the generated code leaves in the global scope. */
const GLOBALS = [
  'Statistics',
  'StringType',
  'UUIDType',
  'MapType',
  'ListType',
  'EnumType',
  'DateType',
  'NullType',
  'DecimalType',
  'MilliSeconds',
  'MicroSeconds',
  'TimeUnit',
  'TimestampType',
  'TimeType',
  'IntType',
  'JsonType',
  'BsonType',
  'LogicalType',
  'SchemaElement',
  'DataPageHeader',
  'DataPageHeaderV2',
  'IndexPageHeader',
  'DictionaryPageHeader',
  'PageHeader',
  'KeyValue',
  'SortingColumn',
  'PageEncodingStats',
  'ColumnMetaData',
  'ColumnChunk',
  'RowGroup',
  'TypeDefinedOrder',
  'ColumnOrder',
  'PageLocation',
  'OffsetIndex',
  'ColumnIndex',
  'FileMetaData',
];

/**
 * The structs of parquet.thrift as the Thrift compiler generated them, and the enumerations. They are loaded by the first call: that takes 13 ms,
 * which a program that only opens a run, or lists some, need not spend.
 */
export const structs = commonJs(loadWithoutGlobals);
/** The rest of parquetjs-lite, loaded by the first call, after the structs that it requires. */
export const parquetjs = commonJs(() => {
  structs();
  return loadWriter() as Package;
});

/** The writer of the file, in the form that parquet-cpp and parquet-mr parse. */
export const CREATED_BY = `expman-rx version ${VERSION} (build expman-rx)`;

/**
 * The generated code assigns each of its 36 classes to an undeclared variable as well. A library
 * must not leave `Statistics` or `MapType` in its user's global scope, let alone overwrite a
 * variable of the user. In a bundle of strict code the variables must exist.
 */
function loadWithoutGlobals(): Generated {
  const before = GLOBALS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, earlier] of before)
    if (earlier === undefined)
      Object.defineProperty(globalThis, name, { value: undefined, writable: true, configurable: true });
  try {
    return loadStructs() as Generated;
  } finally {
    for (const [name, earlier] of before)
      if (earlier === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, earlier);
  }
}

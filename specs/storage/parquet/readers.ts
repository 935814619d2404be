import { DuckDBInstance, DuckDBTimestampTZValue } from '@duckdb/node-api';
import type { DuckDBValue } from '@duckdb/node-api';
import { parquetMetadata, parquetRead, parquetSchema } from 'hyparquet';
import type { FileMetaData } from 'hyparquet';
import type { Column, ColumnField, ColumnType } from '../../../src/columnar/column.js';
import { cellsOf, doubleOf } from './columns.js';
import type { Cell } from './columns.js';
import { python } from '../../support/python.js';

/**
 * What a reader sees: names, types in our words, and each column's values as text that differs wherever the values do
 * (all NaNs are one).
 */
export interface Reading {
  readonly names: readonly string[];
  readonly types: readonly ColumnType[];
  readonly columns: readonly (readonly (string | null)[])[];
}

/** What readers have to see of these columns. */
export function expectedReading(
  fields: readonly ColumnField[],
  groups: readonly (readonly Column[])[],
): Reading {
  return {
    names: fields.map(({ name }) => name),
    types: fields.map(({ type }) => type),
    columns: fields.map(({ type }, i) =>
      groups.flatMap((group) => cellsOf(group[i] ?? noColumn()).map((cell) => textOf(type, cell))),
    ),
  };
}

export async function readByHyparquet(bytes: Uint8Array): Promise<Reading> {
  const file = arrayBufferOf(bytes);
  const metadata = parquetMetadata(file);
  const elements = parquetSchema(metadata).children.map(({ element }) => element);
  const types = elements.map(
    (element) => HYPARQUET[JSON.stringify([element.type, element.logical_type ?? null])],
  );
  let rows: unknown[][] = [];
  await parquetRead({
    file,
    parsers: { timestampFromMicroseconds: (micros: bigint) => micros },
    onComplete: (read) => (rows = read),
  });
  return {
    names: elements.map(({ name }) => name),
    types: types.map(known),
    columns: types.map((type, i) => rows.map((row) => textOf(known(type), jsCell(row[i])))),
  };
}

/** The footer as hyparquet reads it. */
export function hyparquetMetadata(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(arrayBufferOf(bytes));
}

export async function readByDuckdb(path: string): Promise<Reading> {
  const { names, types, columns } = await queryDuckdb('SELECT * FROM read_parquet($1)', path);
  const ours = types.map((type) => known(DUCKDB[type]));
  return {
    names,
    types: ours,
    columns: columns.map((column, i) => column.map((value) => textOf(known(ours[i]), duckdbCell(value)))),
  };
}

interface DuckdbResult {
  readonly names: string[];
  readonly types: string[];
  readonly columns: DuckDBValue[][];
}

/** The answer to a query in which `$1` is the file. */
export async function queryDuckdb(sql: string, path: string): Promise<DuckdbResult> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const result = await connection.runAndReadAll(sql, [path]);
    const types = result.columnTypes().map(String);
    const names = result.columnNames();
    const columns = result.getColumns();
    // Of no rows there are no columns either.
    return { names, types, columns: names.map((_, i) => columns[i] ?? []) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** What pyarrow and polars see of each file; one process for all, for its start takes longest. */
export function readInPython(
  paths: readonly string[],
): { readonly pyarrow: Reading; readonly polars: Reading }[] {
  return python(PROGRAM, paths) as { pyarrow: Reading; polars: Reading }[];
}

const PROGRAM = `
import json, struct, sys
import pyarrow as pa, pyarrow.parquet as pq, polars as pl

TYPES = {
  'double': 'DOUBLE', 'int64': 'INT64', 'bool': 'BOOLEAN', 'string': 'UTF8', 'timestamp[us, tz=UTC]': 'TIMESTAMP',
  'Float64': 'DOUBLE', 'Int64': 'INT64', 'Boolean': 'BOOLEAN', 'String': 'UTF8',
  "Datetime(time_unit='us', time_zone='UTC')": 'TIMESTAMP',
}

def text(value):
  if value is None: return None
  if isinstance(value, bool): return 'true' if value else 'false'
  if isinstance(value, int): return str(value)
  if isinstance(value, float): return 'NaN' if value != value else struct.pack('>d', value).hex()
  return value

def reading(names, types, columns):
  return {'names': names, 'types': [TYPES[str(t)] for t in types], 'columns': [[text(v) for v in c] for c in columns]}

def by_pyarrow(path):
  table = pq.ParquetFile(path, page_checksum_verification=True).read()
  table.validate(full=True)
  integers = [c.cast(pa.int64()) if pa.types.is_timestamp(c.type) else c for c in table.columns]
  return reading(table.column_names, table.schema.types, [c.to_pylist() for c in integers])

def by_polars(path):
  frame = pl.read_parquet(path)
  integers = [s.to_physical() if s.dtype == pl.Datetime else s for s in frame.get_columns()]
  return reading(frame.columns, frame.dtypes, [s.to_list() for s in integers])

print(json.dumps([{'pyarrow': by_pyarrow(p), 'polars': by_polars(p)} for p in sys.argv[1:]]))
`;

const HYPARQUET: Readonly<Record<string, ColumnType>> = {
  [JSON.stringify(['DOUBLE', null])]: 'DOUBLE',
  [JSON.stringify(['INT64', null])]: 'INT64',
  [JSON.stringify(['BOOLEAN', null])]: 'BOOLEAN',
  [JSON.stringify(['BYTE_ARRAY', { type: 'STRING' }])]: 'UTF8',
  [JSON.stringify(['INT64', { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' }])]: 'TIMESTAMP',
};

const DUCKDB: Readonly<Record<string, ColumnType>> = {
  DOUBLE: 'DOUBLE',
  BIGINT: 'INT64',
  BOOLEAN: 'BOOLEAN',
  VARCHAR: 'UTF8',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
};

function textOf(type: ColumnType, cell: Cell): string | null {
  if (typeof cell !== 'bigint' || type !== 'DOUBLE') return cell === null ? null : String(cell);
  const value = doubleOf(cell);
  return Number.isNaN(value) ? 'NaN' : BigInt.asUintN(64, cell).toString(16).padStart(16, '0');
}

function jsCell(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return new BigInt64Array(Float64Array.of(value).buffer)[0] ?? 0n;
  if (typeof value === 'bigint' || typeof value === 'boolean' || typeof value === 'string') return value;
  throw new TypeError(`no value of a metric: ${JSON.stringify(value)}`);
}

function duckdbCell(value: DuckDBValue): Cell {
  return value instanceof DuckDBTimestampTZValue ? value.micros : jsCell(value);
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a reader sees a type that is none of ours');
  return value;
}

function noColumn(): never {
  throw new RangeError('a group lacks a column');
}

function arrayBufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

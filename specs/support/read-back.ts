import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata, parquetRead, parquetSchema } from 'hyparquet';
import { parse } from 'yaml';
import { parseYaml, stringifyYaml } from '../../dist/modules/storage/yaml-file.js';

/** A row as another reader gives it. */
export type ReadRow = Readonly<Record<string, unknown>>;

/** What DuckDB answers to a query over a run's `metrics.parquet`, which is `$1` in it; numbers as JavaScript has them. */
export const duckdb = (runDir: string, sql = 'SELECT * FROM read_parquet($1)'): Promise<ReadRow[]> =>
  answerOf(sql, join(runDir, 'metrics.parquet'));

/** The rows of a CSV file as DuckDB reads them, every cell a text; null where nothing stands between two commas. */
export const csvRows = (path: string): Promise<ReadRow[]> =>
  answerOf(
    `SELECT * FROM read_csv($1, header = true, delim = ',', new_line = '\\n', quote = '"', escape = '"', all_varchar = true,
      allow_quoted_nulls = false, strict_mode = true, max_line_size = 10000000)`,
    path,
  );

async function answerOf(sql: string, path: string): Promise<ReadRow[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const result = await connection.runAndReadAll(sql, [path]);
    const names = result.columnNames();
    return result.getRowsJS().map((row) => rowOf(names, row));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The rows of a run's `metrics.parquet` as hyparquet reads them. */
export async function hyparquet(runDir: string): Promise<ReadRow[]> {
  const bytes = readFileSync(join(runDir, 'metrics.parquet'));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const names = parquetSchema(parquetMetadata(file)).children.map(({ element }) => element.name);
  let rows: ReadRow[] = [];
  await parquetRead({
    file,
    onComplete: (read) => (rows = read.map((row) => rowOf(names, row))),
  });
  return rows;
}

/** Defines every key, so that a metric called `__proto__` is one. */
const rowOf = (names: readonly string[], row: readonly unknown[]): ReadRow =>
  Object.fromEntries(names.map((name, at) => [name, row[at]]));

/** A YAML file of a run. */
export function yamlOf(runDir: string, name = 'run.yaml'): Readonly<Record<string, unknown>> {
  return parse(readFileSync(join(runDir, name), 'utf8')) as Readonly<Record<string, unknown>>;
}

/** Changes what a run.yaml says. */
export function changeRunYaml(runDir: string, facts: object): void {
  const path = join(runDir, 'run.yaml');
  writeFileSync(path, stringifyYaml({ ...(parseYaml(readFileSync(path, 'utf8')) as object), ...facts }));
}

/** The lines of a run's log, without their times. */
export function logLines(runDir: string): string[] {
  return readFileSync(join(runDir, 'run.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(line.indexOf(' ') + 1));
}

import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** Where the examples keep their experiments: `EXAMPLE_DIR`, or `./experiments`. */
export const baseDir = process.env['EXAMPLE_DIR'] ?? './experiments';

/** A path as short as it can be told from where the example was started. */
export function shortPath(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.startsWith('..') ? path : `./${fromHere}`;
}

/** Prints the files of a run with their sizes. */
export function printFiles(runDir: string): void {
  console.log(`\n${shortPath(runDir)}`);
  const files = readdirSync(runDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    console.log(`  ${relative(runDir, file).padEnd(28)} ${inBytes(statSync(file).size).padStart(10)}`);
  }
}

/** A row of a query's result, every value as it is printed. */
export type PrintedRow = Readonly<Record<string, string>>;

/** Runs a query over one Parquet file, named `$1` in it, and returns its rows. */
export async function query(sql: string, parquetFile: string): Promise<PrintedRow[]> {
  const duckdb = await DuckDBInstance.create();
  const connection = await duckdb.connect();
  try {
    const result = await connection.runAndReadAll(sql, [parquetFile]);
    return result
      .getRowObjectsJson()
      .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, printed(value)])));
  } finally {
    connection.closeSync();
    duckdb.closeSync();
  }
}

/** Prints rows as a table, numbers to the right. */
export function printTable(rows: readonly PrintedRow[]): void {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => row[name] ?? ''))];
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  for (const [at, line] of cells.entries()) {
    console.log(`  ${line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')}`);
    if (at === 0) console.log(`  ${widths.map((width) => '-'.repeat(width)).join('  ')}`);
  }
}

function printed(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function inBytes(size: number): string {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${(size / 1e3).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

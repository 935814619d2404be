import type { Column, ColumnField } from '../../columnar/column.js';
import { nullColumn } from '../../columnar/concat.js';
import { numberColumn } from '../../columnar/column-values.js';
import type { FsPort } from '../../storage/fs-port.js';
import type { OpenRows } from '../read-rows.js';
import { writeParquet } from './temp-parquet.js';

/** Names the column that holds the numbers of a column of text in a snapshot. */
export const numbersBeside = (column: string): string => `${column}_numbers`;

/**
 * Writes rows to a new Parquet file, with columns renamed, and beside each column of text a column
 * of the numbers in it.
 */
export function writeSnapshot(
  fs: FsPort,
  path: string,
  rows: OpenRows,
  renamed: (name: string) => string,
): void {
  const fields = rows.fields.flatMap(({ name, type }): ColumnField[] => {
    const field = { name: renamed(name), type };
    return type === 'UTF8' ? [field, { name: numbersBeside(field.name), type: 'DOUBLE' }] : [field];
  });
  writeParquet(fs, path, { fields, batches: batchesOf(rows) });
}

function* batchesOf(rows: OpenRows): Generator<Column[]> {
  for (const batch of rows.batches()) yield batch.flatMap(withNumbers);
}

function withNumbers(column: Column): Column[] {
  if (column.type !== 'UTF8') return [column];
  return [column, numberColumn(column) ?? nullColumn('DOUBLE', column.length)];
}

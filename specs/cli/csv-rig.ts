import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expmanHere } from '../support/cli-here.js';
import { type ReadRow, csvRows } from '../support/read-back.js';

/** The rows that a command prints as CSV, as DuckDB reads them from a file in `folder`. */
export async function printedRows(folder: string, ...args: readonly string[]): Promise<ReadRow[]> {
  const path = join(folder, 'printed.csv');
  writeFileSync(path, (await expmanHere(...args, '--csv')).stdout);
  return csvRows(path);
}

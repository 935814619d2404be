import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { duckdb, hyparquet } from '../support/read-back.js';
import { must } from './check-run.js';

/** Reads a run's `metrics.parquet` with DuckDB and hyparquet, which must agree (I3); returns how many readers there were. */
export async function readByOthers(runDir: string): Promise<number> {
  if (!existsSync(join(runDir, 'metrics.parquet'))) return 0;
  const [first, second] = [
    await duckdb(runDir, 'SELECT * EXCLUDE timestamp FROM read_parquet($1)'),
    await hyparquet(runDir),
  ];
  must(
    first.length === second.length,
    'I3',
    () => `${runDir}: DuckDB reads ${first.length} rows, hyparquet ${second.length}`,
  );
  first.forEach((row, at) => {
    for (const [name, value] of Object.entries(row)) {
      const other = second[at]?.[name];
      must(
        Object.is(value, other),
        'I3',
        () => `${runDir}: ${name} of row ${at} is ${String(value)} to DuckDB, ${String(other)} to hyparquet`,
      );
    }
  });
  return 2;
}

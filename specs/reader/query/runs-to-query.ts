import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions } from 'expman-rx';
import { queryRuns } from 'expman-rx/reader';

/** An open run. */
export const open = (base: string, runName: string, options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName, ...options }));

/** A run that is closed. */
export async function closed(
  base: string,
  runName: string,
  rows: readonly Readonly<Record<string, number | bigint | boolean | string>>[],
  options: ExperimentOptions = {},
): Promise<string> {
  const run = open(base, runName, options);
  rows.forEach((values, step) => {
    run.logMetrics(values, step);
  });
  await run.close();
  return run.runDir;
}

/** The rows that a query gives. */
export const rowsOf = async (base: string, sql: string): Promise<readonly (readonly unknown[])[]> =>
  (await queryRuns(base, sql)).rows;

/** Overwrites the pages of a run's Parquet file, which only a reader of the values notices. */
export function overwritePages(runDir: string): void {
  const path = join(runDir, 'metrics.parquet');
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, 4, bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8)));
}

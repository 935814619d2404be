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

import { describe, expect, it } from 'vitest';
import { filter, firstValueFrom } from 'rxjs';
import { ExperimentConfig, ExpmanError, LoggingEngine, type ExperimentOptions } from 'expman-rx';
import { duckdb, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('backpressure');
const ROWS = 600_000;
const open = (options: ExperimentOptions): LoggingEngine =>
  new LoggingEngine(
    new ExperimentConfig('exp', folder(), { environment: false, maxBufferedBytes: 1024 * 1024, ...options }),
  );
// 24 MB of rows in one burst, through a buffer of 1 MB, faster than any writer: its thread is not even up yet.
function burst(run: LoggingEngine, onError?: (error: unknown) => void): void {
  for (let step = 0; step < ROWS; step++) {
    try {
      run.logMetrics({ loss: step, accuracy: step }, step);
    } catch (error) {
      if (onError === undefined) throw error;
      onError(error);
    }
  }
}
const counted =
  'SELECT count(*) AS rows, count(*) FILTER (loss = step AND accuracy = step) AS right FROM read_parquet($1)';

describe('a producer that is faster than the writer', () => {
  it("waits, with backpressure: 'block', and loses nothing", async () => {
    const run = open({ backpressure: 'block' });
    burst(run);
    const { rows, dropped } = await run.close();
    expect([rows, dropped]).toEqual([ROWS, 0]);
    expect(await duckdb(run.runDir, counted)).toEqual([{ rows: BigInt(ROWS), right: BigInt(ROWS) }]);
  });

  it('waits for the writer, never for an interval of an hour', async () => {
    const run = open({ flushIntervalMs: 3_600_000, flushIntervalRows: 10_000_000 });
    burst(run);
    expect((await run.close()).rows).toBe(ROWS);
  });

  it("loses rows, with backpressure: 'drop', and every one of them is counted", async () => {
    const run = open({ backpressure: 'drop' });
    const told = firstValueFrom(run.health$.pipe(filter(({ dropped }) => dropped > 0)));
    burst(run);
    expect((await told).accepted).toBeGreaterThan(0);
    const { rows, dropped } = await run.close();
    expect(dropped).toBeGreaterThan(0);
    expect(rows + dropped).toBe(ROWS);
    expect(yamlOf(run.runDir)['counts']).toMatchObject({
      rows,
      accepted: rows,
      dropped,
      invalid: 0,
      lost: 0,
    });
    expect(await duckdb(run.runDir, counted)).toEqual([{ rows: BigInt(rows), right: BigInt(rows) }]);
  });

  it("is told by an exception, with backpressure: 'throw', and keeps what was taken", async () => {
    const run = open({ backpressure: 'throw' });
    const errors: ExpmanError[] = [];
    burst(run, (error) => errors.push(error as ExpmanError));
    expect(errors[0]).toMatchObject({
      name: 'ExpmanError',
      code: 'BACKPRESSURE',
      option: 'maxBufferedBytes',
      value: 1024 * 1024,
    });
    const { rows, dropped } = await run.close();
    expect(dropped).toBe(errors.length);
    expect(rows + dropped).toBe(ROWS);
  });

  it('has room for a value that is larger than the buffer', async () => {
    const run = open({ backpressure: 'block' });
    for (let step = 0; step < 5; step++) run.logMetrics({ text: String(step).repeat(3_000_000) }, step);
    await run.close();
    expect(await duckdb(run.runDir, 'SELECT length(text)::INTEGER AS length FROM read_parquet($1)')).toEqual(
      Array(5).fill({ length: 3_000_000 }),
    );
  });
});

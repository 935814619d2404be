import { ExperimentConfig, type ExperimentOptions, LoggingEngine, histogram } from 'expman-rx';
import { parseHistogram, readRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { duckdb, logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('histogram');

const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));
/** A call as a JavaScript caller makes it. */
const logHistogram = (run: LoggingEngine, ...args: unknown[]): unknown =>
  Reflect.apply(Reflect.get(run, 'logHistogram') as () => unknown, run, args);

describe('a histogram that is logged', () => {
  it('is a value of its metric, in order with the steps, for our readers and for DuckDB', async () => {
    const run = open();
    const values = [1, 2, 3, NaN];
    run.logMetrics({ loss: 1, weights: histogram(values, { bins: 2 }) }, 0);
    run.logMetrics({ loss: 2 }, 1);
    run.logHistogram('weights', new Float64Array(values), 1, { bins: 2 });
    run.logHistogram('__proto__', [1], 1);
    await run.close();
    const read = (await readRun(run.runDir)).table.getChild('weights');
    expect([...(read ?? [])].map((text) => parseHistogram(text)?.counts)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    const sql = `SELECT step::INT AS step, loss, (weights->'$.counts')::INT[] AS counts, (weights->>'$.nan')::INT AS nan
      FROM read_parquet($1) ORDER BY step`;
    expect(await duckdb(run.runDir, sql)).toEqual([
      { step: 0, loss: 1, counts: [1, 2], nan: 1 },
      { step: 1, loss: 2, counts: [1, 2], nan: 1 },
    ]);
  });

  it('that is none is counted, told once, and no exception', async () => {
    const run = open();
    const revoked = Proxy.revocable([], {});
    revoked.revoke();
    for (const values of ['x', null, {}, revoked.proxy]) logHistogram(run, 'w', values, 1);
    logHistogram(run, 'w', [1], 1, { bins: 0 });
    logHistogram(run, 'w', [1], 1, null);
    logHistogram(run, Symbol('s'), null);
    logHistogram(run);
    expect(await run.close()).toMatchObject({ rows: 0, invalid: 8 });
    expect(logLines(run.runDir).filter((line) => line.includes('"w" was left out'))).toHaveLength(1);
  });

  it('that is none is an exception where that is asked for', async () => {
    const run = open({ onInvalid: 'throw' });
    expect(() => logHistogram(run, 'w', 'x')).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    expect(() => logHistogram(run, 'w', [1], 1, { bins: 0 })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
    await run.close();
    logHistogram(run, 'w', 'x');
  });
});

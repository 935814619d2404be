import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions } from 'expman-rx';
import { duckdb, logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('refused');

/** A run in whose folder a name is taken by a folder, so that no file can have it. */
function openWithout(name: string, options: ExperimentOptions): { run: LoggingEngine; free: () => void } {
  const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));
  const taken = join(run.runDir, name);
  mkdirSync(taken);
  return { run, free: () => rmdirSync(taken) };
}

describe('a run one of whose files cannot be written', () => {
  it('publishes its rows as soon as it can, though no more of them come', async () => {
    const { run, free } = openWithout('metrics.parquet', { flushIntervalMs: 10 });
    run.logMetrics({ loss: 1 }, 1);
    await firstValueFrom(run.health$.pipe(filter(({ degraded }) => degraded !== null)));
    free();
    await firstValueFrom(run.health$.pipe(filter(({ published }) => published === 1)));
    expect(await duckdb(run.runDir, 'SELECT step FROM read_parquet($1)')).toEqual([{ step: 1n }]);
    await run.close();
  });

  it('keeps a bounded number of lines for run.log, drops and counts the others, and goes on with its rows', async () => {
    const { run, free } = openWithout('run.log', { maxBufferedBytes: 4 * 1024 * 1024 });
    const lines = 500;
    run.logger.info('first');
    await firstValueFrom(run.health$.pipe(filter(({ degraded }) => degraded !== null)));
    for (let line = 0; line < lines; line++) run.logger.info('x'.repeat(60_000));
    const { dropped } = await firstValueFrom(run.health$);
    expect(dropped).toBeGreaterThan(0);
    free();
    await firstValueFrom(run.health$.pipe(filter(({ degraded }) => degraded === null)));
    await run.flush();
    run.logMetrics({ loss: 1 }, 1);
    await run.close();
    expect(logLines(run.runDir).length).toBe(1 + lines - dropped);
    expect((await run.closed).rows).toBe(1);
  });
});

import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from '../../src/index.js';
import { logTo } from '../../src/stream/operators/index.js';
import { progress } from '../../src/stream/progress/index.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('typed-run');
const config = (): ExperimentConfig => new ExperimentConfig('exp', folder(), { environment: false });

interface Metrics {
  readonly loss: number;
  readonly passed: boolean;
}

describe('a run whose metrics the compiler knows', () => {
  it('takes what it has, and the compiler refuses the rest', async () => {
    const run = new LoggingEngine<Metrics>(config());
    const losses: number[] = [];
    run.metric('loss').subscribe(({ value }) => losses.push(value));
    run.logMetrics({ loss: 1, passed: true }, 0);
    run.logMetrics({ loss: 2 }, 1);
    // @ts-expect-error -- there is no such metric
    run.logMetrics({ lss: 3 }, 2);
    // @ts-expect-error -- it is a number
    run.logMetrics({ loss: 'low' }, 3);
    // @ts-expect-error -- there is no such metric
    run.metric('lss').subscribe();
    progress(run, { metrics: ['loss'], lineMs: 60_000 }).stop();
    // @ts-expect-error -- there is no such metric
    progress(run, { metrics: ['lss'], lineMs: 60_000 }).stop();
    of({ loss: 4, step: 4 }).pipe(logTo(run)).subscribe();
    const { rows } = await run.close();
    expect([rows, losses]).toEqual([5, [1, 2, 4]]);
  });

  it('is a run like any other to what takes one', async () => {
    const anyRun = (run: LoggingEngine): string => run.runName;
    const run = new LoggingEngine<Metrics>(config());
    expect(anyRun(run)).toBe(run.runName);
    await run.close();
  });

  it('need not be: without a type all names are taken', async () => {
    const run = new LoggingEngine(config());
    run.logMetrics({ anything: 1, else: 'text' }, 0);
    run.metric('whatever').subscribe();
    progress(run, { metrics: ['whatever'], lineMs: 60_000 }).stop();
    expect((await run.close()).rows).toBe(1);
  });
});

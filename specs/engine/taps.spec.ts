import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NEVER, Subject, concatMap, lastValueFrom, map, merge, take, tap, toArray } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  ExperimentConfig,
  LoggingEngine,
  type LiveStatus,
  type MetricPoint,
  type MetricRow,
  RunStatus,
} from 'expman-rx';
import { runChild } from '../support/child.js';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('taps');
const open = (): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
const logOf = (run: LoggingEngine): string => readFileSync(join(run.runDir, 'run.log'), 'utf8');
const boom = (): never => {
  throw new Error('boom');
};

describe('a tap', () => {
  it('that throws harms neither the run nor the others, and is told once', async () => {
    const run = open();
    const seen: MetricRow[] = [];
    run.metrics.subscribe(boom);
    run.metrics.subscribe({ next: boom, complete: boom });
    run.metrics.subscribe((row) => seen.push(row));
    run.metrics.pipe(map(boom)).subscribe();
    run.metrics
      .pipe(
        tap(() => undefined),
        map(({ values }) => values),
      )
      .subscribe(boom);
    run.metric('a').subscribe(boom);
    run.live(1).subscribe(boom);
    run.status$.subscribe(boom);
    run.health$.subscribe(boom);
    for (let step = 0; step < 100; step++) run.logMetrics({ a: step }, step);
    await run.close();
    expect(seen).toHaveLength(100);
    expect(await duckdb(run.runDir, 'SELECT count(*)::INT AS rows FROM read_parquet($1)')).toEqual([
      { rows: 100 },
    ]);
    expect(logOf(run).match(/a tap threw: boom/g)).toHaveLength(1);
  });

  it('that handles its errors gets them itself', async () => {
    const run = open();
    const errors: unknown[] = [];
    run.metrics.pipe(map(boom)).subscribe({ error: (error: unknown) => errors.push(error) });
    run.logMetrics({ a: 1 });
    await run.close();
    expect(errors).toEqual([new Error('boom')]);
    expect(existsSync(join(run.runDir, 'run.log'))).toBe(false);
  });

  it('that fails ends nothing but itself, whatever is made of it', async () => {
    const run = open();
    const both$ = merge(run.metrics, run.metrics.pipe(map(boom)));
    const failed = lastValueFrom(both$.pipe(toArray())).catch((error: unknown) => error);
    run.logMetrics({ a: 1 });
    expect(await failed).toEqual(new Error('boom'));
    const rest = lastValueFrom(run.metrics.pipe(toArray()));
    run.logMetrics({ a: 2 });
    await run.close();
    expect(await rest).toHaveLength(1);
  });

  it('that has what it wanted leaves the run, whatever stands between', async () => {
    const run = open();
    const first = lastValueFrom(
      run.metrics.pipe(
        map(({ values }) => values),
        take(1),
      ),
    );
    const point = lastValueFrom(run.metric('a').pipe(take(1)));
    expect(run.metrics.observed).toBe(true);
    run.logMetrics({ a: 1 });
    expect(run.metrics.observed).toBe(false);
    expect([await first, (await point).value]).toEqual([{ a: 1 }, 1]);
    await run.close();
  });

  it('that never completes holds up no close', async () => {
    const run = open();
    run.metrics.pipe(concatMap(() => NEVER)).subscribe();
    run.logMetrics({ a: 1 });
    expect((await run.close()).rows).toBe(1);
  });

  it('gets the rows of others that are piped into the run', async () => {
    const run = open();
    const sensor = new Subject<MetricRow>();
    sensor.subscribe(run.metrics);
    const rows = lastValueFrom(run.metrics.pipe(toArray()));
    sensor.next({ step: 1, values: { a: 1 } });
    sensor.complete();
    expect(await rows).toEqual([{ step: 1, values: { a: 1 } }]);
    expect((await run.closed).rows).toBe(1);
  });

  it('that throws does not end the process', async () => {
    const { ended, said } = await runChild(
      folder(),
      `const run = open();
       run.metrics.subscribe(() => { throw new Error('boom'); });
       run.metrics.subscribe({ complete() { throw new Error('late'); } });
       run.logMetrics({ a: 1 }); await run.close(); await new Promise((r) => setImmediate(r)); say('end');`,
    );
    expect([ended, said]).toEqual([0, ['end']]);
  });
});

describe('the points of one metric', () => {
  it('are its numbers in order, from the subscription on, and end with the run', async () => {
    const run = open();
    expectTypeOf(run.metric('loss')).toExtend<{ subscribe(next: (point: MetricPoint) => void): unknown }>();
    run.logMetrics({ loss: 0 }, 0);
    const points = lastValueFrom(run.metric('loss').pipe(toArray()));
    run.logMetrics({ loss: 1 }, 1);
    run.logMetrics({ other: 5 }, 2);
    run.logMetrics({ loss: 2n });
    run.logMetrics({ loss: true }, 4);
    run.logMetrics({ loss: 'none' }, 5);
    run.logMetrics({ loss: NaN }, 6);
    run.metrics.next({ step: 7, timestamp: 1234.5, values: { loss: 3 } });
    await run.close();
    const seen = await points;
    expect(seen.map(({ step, value }) => [step, value])).toEqual([
      [1, 1],
      [null, 2],
      [4, 1],
      [6, NaN],
      [7, 3],
    ]);
    expect(seen.at(-1)?.timestamp).toBe(1234.5);
    expect(seen[0]?.timestamp).toBeCloseTo(Date.now(), -5);
  });

  it.each([5, null, undefined, {}])('are refused for %o, which is no name', async (name) => {
    const run = open();
    expect(() => run.metric(name as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option: 'name' }) as Error,
    );
    await run.close();
  });

  it.each(['constructor', '__proto__', 'toString'])('are none for %s, which nobody logged', async (name) => {
    const run = open();
    const points = lastValueFrom(run.metric(name).pipe(toArray()));
    run.logMetrics({ a: 1 });
    await run.close();
    expect(await points).toEqual([]);
  });
});

describe('where a run stands', () => {
  it('is running, closing, closed', async () => {
    const run = open();
    const seen = lastValueFrom(run.status$.pipe(toArray()));
    run.logMetrics({ a: 1 });
    const summary = await run.close(RunStatus.Failed);
    expect(await seen).toEqual([
      { kind: 'running' },
      { kind: 'closing', status: 'FAILED' },
      { kind: 'closed', summary },
    ] satisfies LiveStatus[]);
    expect(await lastValueFrom(run.status$)).toEqual({ kind: 'closed', summary });
  });
});

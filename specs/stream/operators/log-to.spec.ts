import {
  type Observable,
  Subject,
  from,
  lastValueFrom,
  mergeWith,
  of,
  take,
  takeUntil,
  throwError,
  toArray,
} from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, RunStatus, type ExperimentOptions } from 'expman-rx';
import type { MetricPoint, MetricRow } from '../../../src/model/metric.js';
import { logTo } from '../../../src/stream/operators/log-to.js';
import { plateau } from '../../../src/stream/operators/plateau.js';
import type { LogRowsOptions } from '../../../src/stream/operators/row-observer.js';
import type { RunSink } from '../../../src/stream/operators/run-sink.js';
import { duckdb, logLines, yamlOf } from '../../support/read-back.js';
import { tempFolders } from '../../support/temp-folder.js';
import { emitted, invalid, memoryRun, picture, point } from './rig.js';

const folder = tempFolders('log-to');
const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));

describe('logging a stream into a run', () => {
  it('passes each value on when it comes, and ends with its source', () => {
    picture(({ hot, expectObservable, expectSubscriptions, flush }) => {
      const run = memoryRun();
      const source = hot('  -a-b-|', { a: 1, b: 2 });
      const subs = '        ^----!';
      const expected = '    -a-b-|';
      expectObservable(source.pipe(logTo(run, { name: 'loss' }))).toBe(expected, { a: 1, b: 2 });
      expectSubscriptions(source.subscriptions).toBe(subs);
      flush();
      expect(run.rows).toEqual([{ values: { loss: 1 } }, { values: { loss: 2 } }]);
      expect(run.ends).toEqual([]);
    });
  });

  it('passes on the value that ends its source by being logged, and then the end', () => {
    picture(({ hot, expectObservable, expectSubscriptions, flush }) => {
      const stop = new Subject<void>();
      const run = memoryRun(false, ({ values }) => {
        if (Object.is((values as { loss: number }).loss, 3)) stop.next();
      });
      const source = hot('  -a-b-c-d-|', { a: 1, b: 2, c: 3, d: 4 });
      const subs = '        ^----!';
      const expected = '    -a-b-(c|)';
      const values = { a: 1, b: 2, c: 3 };
      // eslint-disable-next-line rxjs-x/no-unsafe-takeuntil -- the order that the operator's documentation asks for
      expectObservable(source.pipe(takeUntil(stop), logTo(run, { name: 'loss' }))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
      flush();
      expect(run.rows.length).toBe(3);
    });
  });

  it('passes it on before an error that it causes, too, and before values that it causes', () => {
    picture(({ hot, expectObservable, flush }) => {
      const failure = new Error('failed');
      const caused = new Subject<string>();
      const run = memoryRun(false, ({ values }) => {
        const { log } = values as { log: string };
        if (log === 'b') caused.next('x');
        if (log === 'x') caused.error(failure);
      });
      const source = hot('  -a-b-c-|');
      const expected = '    -a-(bx#)';
      const piped = source.pipe(mergeWith(caused), logTo(run, { name: 'log' }));
      expectObservable(piped).toBe(expected, undefined, failure);
      flush();
      expect(run.rows).toEqual(['a', 'b', 'x'].map((log) => ({ values: { log } })));
    });
  });

  it('has every row that it logged behind an early stop, as the documentation puts it', async () => {
    const run = open();
    const losses = [8, 7, 6, 5, 5, 5, 5, 5, 5];
    const rows = losses.map((loss, step): MetricRow => ({ step, values: { loss } }));
    const stop = run.metric('loss').pipe(plateau({ patience: 3 }));
    // eslint-disable-next-line rxjs-x/no-unsafe-takeuntil -- the order that the operator's documentation asks for
    const passed = await lastValueFrom(from(rows).pipe(takeUntil(stop), logTo(run), toArray()));
    expect(passed.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect((await run.close()).rows).toBe(passed.length);
  });

  it('keeps the steps and times of rows, and takes plain objects, into the file', async () => {
    const run = open();
    const rows: MetricRow[] = [
      { step: 1, timestamp: 1_700_000_000_000, values: { loss: 0.5 } },
      { step: 2, timestamp: 1_700_000_000_001, values: { loss: 0.25 } },
    ];
    from(rows).pipe(logTo(run)).subscribe();
    from([{ accuracy: 0.75, ok: true }])
      .pipe(logTo(run))
      .subscribe();
    await run.close();
    const read = await duckdb(run.runDir, 'SELECT step, loss, accuracy, ok, timestamp FROM read_parquet($1)');
    expect(read.map(({ timestamp: _, ...row }) => row)).toEqual([
      { step: 1n, loss: 0.5, accuracy: null, ok: null },
      { step: 2n, loss: 0.25, accuracy: null, ok: null },
      { step: null, loss: null, accuracy: 0.75, ok: true },
    ]);
    expect(read[1]!['timestamp']).toEqual(new Date(1_700_000_000_001));
  });

  it('logs points under the name, with their step and time', () => {
    const run = memoryRun();
    emitted([point(3, 0.5), point(null, 0.25)], logTo(run, { name: 'smooth' }));
    expect(run.rows).toEqual([
      { step: 3, timestamp: 7, values: { smooth: 0.5 } },
      { step: null, timestamp: 7, values: { smooth: 0.25 } },
    ]);
  });

  it('closes the run at the end when it is to, and leaves it open otherwise', async () => {
    const run = open();
    of(1)
      .pipe(logTo(run, { name: 'x' }))
      .subscribe();
    expect(yamlOf(run.runDir)['status']).toBe(RunStatus.Running);
    of(2)
      .pipe(logTo(run, { name: 'x', complete: true }))
      .subscribe();
    expect(await run.closed).toMatchObject({ status: RunStatus.Finished, rows: 2 });
  });

  it('fails the run with the error of its source when it is to end it', async () => {
    const run = open();
    const failing = throwError(() => new RangeError('sensor unplugged'));
    const piped = failing.pipe(logTo(run, { name: 'x', complete: true }));
    await expect(lastValueFrom(piped)).rejects.toThrow('sensor unplugged');
    expect((await run.closed).status).toBe(RunStatus.Failed);
    expect(yamlOf(run.runDir)['error']).toMatchObject({ name: 'RangeError', message: 'sensor unplugged' });
  });

  it('tells the error in run.log when it is not to end it', async () => {
    const run = open();
    const piped = throwError(() => new RangeError('sensor unplugged')).pipe(logTo(run, { name: 'x' }));
    await expect(lastValueFrom(piped)).rejects.toThrow('sensor unplugged');
    expect((await run.close()).status).toBe(RunStatus.Finished);
    expect(logLines(run.runDir).join('\n')).toMatch(/error.*source.*failed[^]*sensor unplugged/i);
  });

  it('leaves the run open when nobody wants the values any more', () => {
    picture(({ hot, expectObservable, expectSubscriptions, flush }) => {
      const run = memoryRun();
      const source = hot('  -a-b-c-|', { a: 1, b: 2, c: 3 });
      const subs = '        ^--!';
      const piped = source.pipe(logTo(run, { name: 'loss', complete: true }), take(2));
      expectObservable(piped).toBe('-a-(b|)', { a: 1, b: 2 });
      expectSubscriptions(source.subscriptions).toBe(subs);
      flush();
      expect([run.rows.length, run.ends]).toEqual([2, []]);
    });
  });

  it('does not throw into its source what the run throws: that is told once', () => {
    const run = memoryRun(true);
    expect(emitted([1, 2, 3], logTo(run, { name: 'x' }))).toEqual([1, 2, 3]);
    expect(run.lines).toEqual([
      ['warn', expect.stringContaining('refused'), { error: new RangeError('refused') }],
    ]);
  });

  it('goes on when the run throws on wrong values, and when it is closed', async () => {
    const run = open({ onInvalid: 'throw' });
    const wrong = [1, { not: 'a value' }, 3] as number[];
    expect(emitted(wrong, logTo(run, { name: 'x' }))).toEqual(wrong);
    expect(await run.close()).toMatchObject({ rows: 3, invalid: 1 });
    expect(emitted([4], logTo(run, { name: 'x', complete: true }))).toEqual([4]);
  });

  it('leaves what is no row to the run, which counts it', async () => {
    const run = open();
    const junk: unknown[] = [5, 'text', null, undefined, [1, 2], Buffer.from('bytes'), { values: 3 }];
    expect(emitted(junk as MetricRow[], logTo(run))).toEqual(junk);
    const { invalid: count, metrics } = await run.close();
    // An object whose `values` is a number is a row of a metric called so.
    expect([count, [...metrics.keys()]]).toEqual([6, ['values']]);
  });

  it('takes what can be logged, by type, and gives the type of its source', () => {
    const run: RunSink = memoryRun();
    expectTypeOf<LoggingEngine>().toExtend<RunSink>();
    expectTypeOf(of(1).pipe(logTo(run, { name: 'x' }))).toEqualTypeOf<Observable<number>>();
    expectTypeOf(of(point(1, 1)).pipe(logTo(run, { name: 'x' }))).toEqualTypeOf<Observable<MetricPoint>>();
    expectTypeOf(of({ loss: 1 }).pipe(logTo(run))).toEqualTypeOf<Observable<{ loss: number }>>();
    // @ts-expect-error -- a number needs a name
    void of(1).pipe(logTo(run));
    // @ts-expect-error -- a date is no value of a metric
    void of(new Date()).pipe(logTo(run, { name: 'x' }));
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 5 }],
    ['complete', { complete: 'yes' }],
    ['options', null],
  ])('takes no wrong %s: %o', (option, options) => {
    expect(() => logTo(memoryRun(), options as LogRowsOptions)).toThrow(invalid(option));
  });

  it.each([null, undefined, {}, 5, { metrics: [] }])('takes no run that is none: %o', (run) => {
    expect(() => logTo(run as unknown as RunSink)).toThrow(invalid('run'));
  });
});

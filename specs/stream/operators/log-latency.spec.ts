import { type Observable, Subject, asyncScheduler, from, lastValueFrom, of, takeUntil } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { type LogLatencyOptions, logLatency } from '../../../src/stream/operators/log-latency.js';
import { duckdb } from '../../support/read-back.js';
import { tempFolders } from '../../support/temp-folder.js';
import { emitted, invalid, memoryRun, picture } from './rig.js';

const folder = tempFolders('log-latency');
const latencies = (run: ReturnType<typeof memoryRun>): unknown[] => run.rows.map(({ values }) => values);

describe('logged latency', () => {
  it('is the time between values, of which the first has none', () => {
    picture(({ hot, expectObservable, expectSubscriptions, flush }) => {
      const run = memoryRun();
      const source = hot('  --a---b-c-|');
      const subs = '        ^---------!';
      const expected = '    --a---b-c-|';
      const options = { scheduler: asyncScheduler };
      expectObservable(source.pipe(logLatency(run, 'ms', options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
      flush();
      expect(latencies(run)).toEqual([{ ms: 4 }, { ms: 2 }]);
    });
  });

  it('counts from the subscription on, where that is asked for', () => {
    picture(({ hot, expectObservable, flush }) => {
      const run = memoryRun();
      const source = hot('  -----a-b|');
      const subs = '        --^------!';
      const options = { scheduler: asyncScheduler, fromSubscription: true };
      expectObservable(source.pipe(logLatency(run, 'ms', options)), subs).toBe('-----a-b|');
      flush();
      expect(latencies(run)).toEqual([{ ms: 3 }, { ms: 2 }]);
    });
  });

  it('passes on the value that ends its source by its latency, and then the end', () => {
    picture(({ hot, expectObservable, flush }) => {
      const stop = new Subject<void>();
      const run = memoryRun(false, ({ values }) => {
        if ((values as { ms: number }).ms > 3) stop.next();
      });
      const source = hot('  -a-b----c-d-|');
      const expected = '    -a-b----(c|)';
      const options = { scheduler: asyncScheduler };
      // eslint-disable-next-line rxjs-x/no-unsafe-takeuntil -- as with logTo, what ends the source comes before
      expectObservable(source.pipe(takeUntil(stop), logLatency(run, 'ms', options))).toBe(expected);
      flush();
      expect(latencies(run)).toEqual([{ ms: 2 }, { ms: 5 }]);
    });
  });

  it('is a metric of the run, by the clock that never goes back', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    await lastValueFrom(from('abc').pipe(logLatency(run, 'batch_ms')));
    await run.close();
    const rows = await duckdb(run.runDir);
    expect(rows.map(({ batch_ms: ms }) => Number(ms) >= 0)).toEqual([true, true]);
  });

  it('does not throw into its source what the run throws', () => {
    const run = memoryRun(true);
    expect(emitted('abc', logLatency(run, 'ms'))).toEqual(['a', 'b', 'c']);
    expect(run.lines.length).toBe(1);
  });

  it('is of the type of its source', () => {
    expectTypeOf(of('a').pipe(logLatency(memoryRun(), 'ms'))).toEqualTypeOf<Observable<string>>();
  });

  it.each([
    ['name', '', {}],
    ['name', 5, {}],
    ['scheduler', 'ms', { scheduler: {} }],
    ['fromSubscription', 'ms', { fromSubscription: 1 }],
    ['options', 'ms', null],
  ])('takes no wrong %s: %o, %o', (option, name, options) => {
    expect(() => logLatency(memoryRun(), name as string, options as LogLatencyOptions)).toThrow(
      invalid(option),
    );
  });

  it('takes no run that is none', () => {
    expect(() => logLatency({} as ReturnType<typeof memoryRun>, 'ms')).toThrow(invalid('run'));
  });
});

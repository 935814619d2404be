import { join } from 'node:path';
import fc from 'fast-check';
import { bufferCount, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions, type MetricRow } from 'expman-rx';
import { plateau } from 'expman-rx/operators';
import { openRun } from 'expman-rx/reader';
import { sweep, uniform } from 'expman-rx/sweep';
import { tensorboardImporter, toTensorBoard } from 'expman-rx/tensorboard';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('taken-rows');
const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));
/** Logs values as a caller without a compiler does. */
const log = (run: LoggingEngine, values: unknown, step?: unknown): void =>
  run.logMetrics(values as Record<string, number>, step as number);
const tapOf = (run: LoggingEngine): Promise<MetricRow[]> => lastValueFrom(run.metrics.pipe(toArray()));

/** What a closed run's file holds. */
async function storedRows(run: LoggingEngine): Promise<MetricRow[]> {
  const rows: MetricRow[] = [];
  for await (const { step, values } of openRun(run.runDir).rows()) rows.push({ step, values });
  return rows;
}

describe('what a run refuses', () => {
  const refused = fc.constantFrom<unknown>(
    null,
    undefined,
    [],
    {},
    new Date(5),
    () => 1,
    Symbol('s'),
    2n ** 70n,
  );
  const value = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.oneof(fc.double(), fc.boolean(), fc.maxSafeInteger().map(BigInt), fc.string()),
    },
    { weight: 1, arbitrary: refused },
  );
  const name = fc.constantFrom('loss', 'acc', 'm1', 'm2', 'm3', 'lone \ud800', '__proto__');
  const row = fc.record({
    refusesStep: fc.boolean(),
    viaSubject: fc.boolean(),
    values: fc.dictionary(name, value, { noNullPrototype: true, maxKeys: 5 }),
  });

  it('no tap sees: a tap sees the rows of the file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
        const run = open({ maxMetrics: 4 });
        const seen = tapOf(run);
        rows.forEach(({ refusesStep, viaSubject, values }, at) => {
          const step = refusesStep ? at + 0.5 : at;
          if (viaSubject) run.metrics.next({ step, values } as MetricRow);
          else log(run, values, step);
        });
        await run.close();
        const kinds = (told: readonly MetricRow[]): unknown[] =>
          told.map(({ step, values }) => [
            step,
            Object.entries(values)
              .map(([metric]) => metric)
              .sort(),
          ]);
        const stored = await storedRows(run);
        expect(kinds(await seen)).toEqual(kinds(stored));
      }),
      { numRuns: 40 },
    );
  });

  it('is no point of its metric, no plateau and no value of a snapshot', async () => {
    const run = open();
    const points = lastValueFrom(run.metric('loss').pipe(toArray()));
    const stops = lastValueFrom(run.metric('loss').pipe(plateau({ patience: 3 }), toArray()));
    const last = lastValueFrom(run.live(60_000));
    log(run, { loss: 0.7 }, 0);
    log(run, { loss: null }, 1);
    log(run, { loss: [] }, 2);
    log(run, { loss: new Date(5) }, 3);
    log(run, { loss: 0.6, other: {} }, 4.5);
    const { metrics, invalid } = await run.close();
    expect((await points).map(({ step, value: number }) => [step, number])).toEqual([
      [0, 0.7],
      [null, 0.6],
    ]);
    expect(await stops).toEqual([]);
    expect(await last).toMatchObject({ rows: 5, step: 3, values: { loss: 0.6 } });
    expect([metrics.get('loss')?.count, invalid]).toEqual([2, 5]);
  });

  it('is no number in TensorBoard', async () => {
    const run = open();
    const logdir = join(run.runDir, '..', 'tb');
    toTensorBoard(run, logdir);
    for (const [step, loss] of [1, 0.5, null, 0.25].entries()) log(run, { loss }, step);
    await run.close();
    await new Promise(setImmediate);
    const mirrored: unknown[] = [];
    for await (const source of tensorboardImporter().runs(logdir)) {
      if (source instanceof Error) throw source;
      for await (const { step, values } of source.rows()) mirrored.push([step, values['loss']]);
    }
    expect(mirrored).toEqual([
      [0, 1],
      [1, 0.5],
      [3, 0.25],
    ]);
  });

  it('crowns no trial of a sweep, in its thread', async () => {
    const trial = (number: number) => (number === 2 ? null : number + 1);
    const { best, trials } = await sweep(
      { x: uniform(0, 1) },
      ({ run, number }) => log(run, { loss: trial(number) }, 0),
      {
        ...{ name: 's', baseDir: folder(), metric: 'loss', trials: 4, searcher: 'random' },
        ...{ run: { environment: false }, handleSignals: false },
      },
    ).result;
    expect([best.number, best.value, trials[2]?.status]).toEqual([0, 1, 'failed']);
  });

  it('is thrown about after the rest of the row is written and told, with onInvalid: throw', async () => {
    const run = open({ onInvalid: 'throw' });
    const seen = tapOf(run);
    expect(() => log(run, { loss: 1, bad: null }, 1)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE', option: 'bad' }) as Error,
    );
    await run.close();
    expect(await seen).toEqual([{ step: 1, values: { loss: 1 } }]);
    expect(await storedRows(run)).toEqual(await seen);
  });

  it('is thrown about by the call that brought it, when a stream gives what is not a row', async () => {
    const run = open({ onInvalid: 'throw' });
    const getter = {
      get values(): never {
        throw new Error('gone');
      },
    };
    for (const row of [5, null, getter])
      expect(() => run.metrics.next(row as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_VALUE', option: 'row' }) as Error,
      );
    run.metrics.next({ values: { loss: 1 } });
    expect((await run.close()).invalid).toBe(3);
  });
});

describe('the row that a tap gets', () => {
  it('stays as it was taken, whatever the caller does to the object', async () => {
    const run = open();
    const seen = tapOf(run);
    const pairs = lastValueFrom(run.metric('loss').pipe(bufferCount(2), toArray()));
    const values = { loss: 0, note: 'a' };
    const row = { step: 0, values };
    for (; row.step < 4; row.step++) {
      values.loss = row.step * 10;
      run.metrics.next(row);
    }
    await run.close();
    expect((await seen).map(({ step, values: told }) => [step, told['loss']])).toEqual([
      [0, 0],
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
    expect((await pairs).length).toBe(2);
  });

  it('has what a getter gave when it was written: a getter is asked once', async () => {
    const run = open();
    const seen = tapOf(run);
    // Numbers, then what the quick way for numbers cannot take, then other metrics.
    const shapes: readonly (() => object)[] = [() => ({}), () => ({ late: 'text' }), () => ({ a: 1, b: 2 })];
    let asked = 0;
    for (const [step, rest] of [...shapes, ...shapes].entries()) {
      const row = {
        ...rest(),
        get loss() {
          return ++asked;
        },
      };
      log(run, row, step);
      log(
        run,
        {
          get loss() {
            return ++asked;
          },
          ...rest(),
        },
        step + 100,
      );
    }
    await run.close();
    expect(asked).toBe(12);
    expect(await seen).toEqual(await storedRows(run));
  });

  it('is asked of no getter twice either where nobody taps, one that throws included', async () => {
    const run = open();
    let asked = 0;
    log(run, { loss: 1, accuracy: 1 }, 0);
    const throwing = {
      get loss() {
        return ++asked;
      },
      get accuracy() {
        asked++;
        throw new Error('no');
      },
    };
    log(run, throwing, 1);
    await run.close();
    expect(asked).toBe(2);
    expect(await storedRows(run)).toEqual([
      { step: 0, values: { loss: 1, accuracy: 1 } },
      { step: 1, values: { loss: 1 } },
    ]);
  });

  it('has nothing of a list or a map, which the file has nothing of', async () => {
    const run = open();
    const seen = tapOf(run);
    log(run, { 0: 1, 1: 2 }, 0);
    log(run, new Map([['loss', 1]]), 1);
    log(run, new Set([1]), 2);
    log(run, [], 3);
    await run.close();
    expect((await seen).slice(1).map(({ values }) => values)).toEqual([{}, {}, {}]);
    expect(await seen).toEqual(await storedRows(run));
  });

  it('has what a Proxy gave, and its traps are asked once for each value', async () => {
    const run = open();
    const seen = tapOf(run);
    const asked: unknown[] = [];
    const proxy = (values: object): object =>
      new Proxy(values, { get: (target, key) => (asked.push(key), Reflect.get(target, key) as unknown) });
    log(run, proxy({ loss: 1 }), 0);
    log(run, proxy({ loss: 2 }), 1);
    log(run, proxy({ loss: 3, note: 'x' }), 2);
    await run.close();
    expect(asked).toEqual(['loss', 'loss', 'loss', 'note']);
    expect(await seen).toEqual(await storedRows(run));
  });

  it('has text as the file has it, bigints within 2^53 as steps that are numbers, and a timestamp if it was given', async () => {
    const run = open();
    const seen = tapOf(run);
    run.logMetrics({ text: 'half \ud800', big: 7n, flag: true }, 5n);
    run.logMetrics({ loss: -0 }, 2n ** 60n);
    run.metrics.next({ step: 6, timestamp: 1234.5678, values: { loss: 1 } });
    run.metrics.next({ step: 7, timestamp: NaN, values: { loss: 1 } });
    await run.close();
    expect(await seen).toEqual([
      { step: 5, values: { text: 'half \ufffd', big: 7n, flag: true } },
      { step: 2n ** 60n, values: { loss: -0 } },
      { step: 6, timestamp: 1234.568, values: { loss: 1 } },
      { step: 7, values: { loss: 1 } },
    ]);
  });

  it('is none for a row that was dropped', async () => {
    const run = open({ backpressure: 'drop', maxBufferedBytes: 1024 * 1024 });
    const seen = firstValueFrom(run.live(600_000));
    for (let step = 0; step < 200_000; step++) run.logMetrics({ loss: step, accuracy: step }, step);
    const { rows, dropped } = await run.close();
    expect(dropped).toBeGreaterThan(0);
    expect((await seen).rows).toBe(rows);
  });
});

describe('taps of one run', () => {
  it('all get the row that makes one of them close the run', async () => {
    const run = open();
    const early = tapOf(run);
    run.metrics.subscribe(({ step }) => {
      if (step === 3) void run.close();
    });
    const late = tapOf(run);
    for (let step = 0; step < 5; step++) run.logMetrics({ loss: step }, step);
    const steps = (rows: readonly MetricRow[]): unknown[] => rows.map(({ step }) => step);
    expect([steps(await early), steps(await late)]).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect((await run.closed).rows).toBe(4);
  });

  it('get rows in the order of the file, when a tap logs one of its own', async () => {
    const run = open();
    run
      .metric('loss')
      .subscribe(({ step, value }) => run.logMetrics({ twice: 2 * value }, 100 + Number(step)));
    const seen = tapOf(run);
    run.logMetrics({ loss: 1 }, 1);
    run.logMetrics({ loss: 2 }, 2);
    await run.close();
    expect(await seen).toEqual(await storedRows(run));
  });

  it('all get the row that makes one of them fail the run', async () => {
    const run = open();
    run.metrics.subscribe(() => run.metrics.error(new Error('enough')));
    const late = new Promise((resolve) => {
      const rows: unknown[] = [];
      run.metrics.subscribe({ next: ({ step }) => rows.push(step), error: () => resolve(rows) });
    });
    run.logMetrics({ loss: 1 }, 1);
    expect(await late).toEqual([1]);
    await run.closed;
  });
});

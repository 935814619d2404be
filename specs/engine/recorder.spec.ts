import fc from 'fast-check';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions, type MetricRow } from 'expman-rx';
import { openRun } from 'expman-rx/reader';
import { ChunkPool } from '../../src/channel/chunk-pool.js';
import { WIRE_BYTES, WireWord } from '../../src/channel/chunk-layout.js';
import { RowIntake } from '../../src/engine/rows/row-intake.js';
import { ExperimentConfig as SourceConfig } from '../../src/model/experiment-config.js';
import { duckdb, logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';
import { warningsOf } from '../support/warnings-of.js';

const folder = tempFolders('recorder');
const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, runName: 'r', ...options }));
const tapOf = (run: LoggingEngine): Promise<MetricRow[]> => lastValueFrom(run.metrics.pipe(toArray()));

/** Calls as a caller without a compiler makes them. */
type AnyRecorder = (step?: unknown, ...values: unknown[]) => void;
const recorderOf = (run: LoggingEngine, ...names: unknown[]): AnyRecorder =>
  run.recorder(...(names as string[])) as AnyRecorder;

/** Steps and values of the rows in the file. */
async function rowsOf(run: LoggingEngine): Promise<(readonly [unknown, object])[]> {
  const rows: (readonly [unknown, object])[] = [];
  for await (const { step, values } of openRun(run.runDir).rows()) rows.push([step, { ...values }]);
  return rows;
}

/** The caller's end of a run whose writer does nothing. */
function intakeOf(options: ExperimentOptions = {}): {
  readonly intake: RowIntake;
  readonly wire: Int32Array;
  readonly wakeUps: () => number;
} {
  const wire = new Int32Array(new SharedArrayBuffer(WIRE_BYTES));
  let woken = 0;
  const intake = new RowIntake({
    pool: new ChunkPool(),
    wire,
    options: new SourceConfig('exp', folder(), options),
    taps: { observed: false, notify: () => undefined },
    wake: () => {
      woken++;
      wire[WireWord.sleeping] = 0;
    },
    waitFor: () => undefined,
    onLoss: () => undefined,
  });
  return { intake, wire, wakeUps: () => woken };
}

describe('a recorder', () => {
  it('logs rows of metrics that were named once, by their order or as an array of numbers', async () => {
    const run = open();
    const record = run.recorder('loss', 'accuracy');
    record(0, 1, 0.1);
    record(null, NaN, -0);
    record(2n ** 60n, 3, 0.3);
    record(4, Float64Array.of(4, 0.4));
    run.recorder('alone')(5, Float64Array.of(5));
    record(undefined, 6, 0.6);
    record(5, 0, 0.5);
    expect(run.lastStep).toBe(2n ** 60n);
    await run.close();
    expect(await rowsOf(run)).toEqual([
      [0, { loss: 1, accuracy: 0.1 }],
      [null, { loss: NaN, accuracy: -0 }],
      [2n ** 60n, { loss: 3, accuracy: 0.3 }],
      [4, { loss: 4, accuracy: 0.4 }],
      [5, { alone: 5, loss: 0, accuracy: 0.5 }],
      [null, { loss: 6, accuracy: 0.6 }],
    ]);
  });

  it('has copied an array when it returns, for a loop that fills it again', async () => {
    const run = open();
    const names = Array.from({ length: 40 }, (_, at) => `m${at}`);
    const record = run.recorder(...names);
    const values = new Float64Array(40);
    for (let step = 0; step < 50; step++) record(step, values.fill(step));
    await run.close();
    const rows = await rowsOf(run);
    expect(rows).toEqual(
      Array.from({ length: 50 }, (_, step) => [step, Object.fromEntries(names.map((name) => [name, step]))]),
    );
  });

  it('takes no more of an array than its row has room for, whatever the array says of its length', async () => {
    const run = open();
    const names = Array.from({ length: 30 }, (_, at) => `m${at}`);
    const record = run.recorder(...names);
    const lying = Object.defineProperty(new Float64Array(5000).fill(-1), 'length', { value: 30 });
    const shared = new Float64Array(new SharedArrayBuffer(240)).fill(-1);
    for (let step = 0; step < 3; step++) {
      record(2 * step, lying);
      record(2 * step + 1, shared);
    }
    await run.close();
    const row = Object.fromEntries(names.map((name) => [name, -1]));
    expect(await rowsOf(run)).toEqual(Array.from({ length: 6 }, (_, step) => [step, row]));
  });

  it('knows the number of its values and their types', async () => {
    const run = new LoggingEngine<{ loss: number; passed?: boolean }>(
      new ExperimentConfig('exp', folder(), { environment: false }),
    );
    const record = run.recorder('loss', 'passed');
    record(0, 1, true);
    record(1, new Float64Array(2));
    // @ts-expect-error -- one value is missing
    record(2, 1);
    // @ts-expect-error -- there is one too many
    record(3, 1, true, 2);
    // @ts-expect-error -- it is a boolean
    record(4, 1, 'yes');
    // @ts-expect-error -- there is no such metric
    run.recorder('lss');
    const names: ('loss' | 'passed')[] = ['loss'];
    run.recorder(...names)(5, 1);
    expect((await run.close()).accepted).toBe(6);
  });

  it('takes a value of another type than before, says so, and goes on', async () => {
    const run = open();
    const record = run.recorder('a', 'b');
    const values = [1, true, 'text', 2n, 3] as const;
    values.forEach((value, step) => record(step, value, step));
    await run.close();
    // A column with texts is text, and a reader makes numbers of its integers.
    expect(await rowsOf(run)).toEqual(values.map((a, step) => [step, { a: a === 2n ? 2 : a, b: step }]));
    expect(logLines(run.runDir).filter((line) => line.includes('metric "a" was logged as a'))).toHaveLength(
      1,
    );
  });

  it('leaves out values that are missing or too many, counts and reports them, and keeps the rest', async () => {
    const run = open();
    const few = recorderOf(run, 'a', 'b');
    const many = recorderOf(run, 'c', 'd', 'e', 'f', 'g', 'h');
    few(0, 1);
    few(1, 1, 2, 3, 4);
    few(2);
    many(3, 1, 2, 3, 4, 5);
    many(4, 1, 2, 3, 4, 5, 6, 7);
    few(5, new Float64Array(1));
    few(6, new Float64Array(3));
    few(7, Float32Array.of(1, 2));
    few(8, new Proxy(Float64Array.of(1, 2), {}));
    few(0.5, 1, 2);
    const { accepted, invalid } = await run.close();
    expect({ accepted, invalid }).toEqual({ accepted: 10, invalid: 1 + 2 + 2 + 1 + 1 + 1 + 1 + 2 + 2 + 1 });
    expect((await rowsOf(run)).map(([step, values]) => [step, Object.keys(values).join('')])).toEqual([
      [0, 'a'],
      [1, 'ab'],
      [2, ''],
      [3, 'cdefg'],
      [4, 'cdefgh'],
      [5, 'a'],
      [6, 'ab'],
      [7, ''],
      [8, ''],
      [null, 'ab'],
    ]);
    const lines = logLines(run.runDir).join('\n');
    expect(lines).toContain(
      '"b" was left out: a value must be a number, bigint, boolean or string, not undefined',
    );
    expect(lines).toContain(
      'values of a recorder were left out: the one that begins with "a": it has 2 names and was given 4 values',
    );
  });

  it("is told of them by an exception, with onInvalid: 'throw'", async () => {
    const run = open({ onInvalid: 'throw' });
    const record = recorderOf(run, 'a', 'b');
    const code = 'INVALID_VALUE';
    expect(() => record(0, 1)).toThrow(expect.objectContaining({ code, option: 'b' }) as Error);
    expect(() => record(1, 1, 2, 3)).toThrow(expect.objectContaining({ code, option: 'a' }) as Error);
    expect(() => record('two', 1, 2)).toThrow(expect.objectContaining({ code, option: 'step' }) as Error);
    record(3, 1, 2);
    await run.close();
    expect((await rowsOf(run)).map(([step]) => step)).toEqual([0, 1, null, 3]);
  });

  it('needs names: some, all different, none of them empty', async () => {
    const run = open();
    for (const names of [[], [''], ['a', 'b', 'a'], ['a', 1], [undefined]])
      expect(() => recorderOf(run, ...names)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', option: 'names' }) as Error,
      );
    run.recorder('never called');
    expect((await run.close()).metrics.size).toBe(0);
  });

  it('takes any other name, and counts those beyond maxMetrics', async () => {
    const run = open({ maxMetrics: 4 });
    const record = run.recorder('__proto__', '1', '0', 'lone \ud800', 'beyond');
    record(0, 1, 2, 3, 4, 5);
    record(1, Float64Array.of(1, 2, 3, 4, 5));
    const { invalid } = await run.close();
    expect(invalid).toBe(2);
    for (const row of await duckdb(run.runDir, 'SELECT * EXCLUDE (step, timestamp) FROM read_parquet($1)'))
      expect(Object.entries(row).sort()).toEqual([
        ['0', 3],
        ['1', 2],
        ['__proto__', 1],
        ['lone \\ud800', 4],
      ]);
  });

  it('does nothing after close, and the process is warned', async () => {
    const run = open();
    const [few, many] = [run.recorder('a'), run.recorder('b', 'c', 'd', 'e', 'f', 'g')];
    few(0, 1);
    const { rows } = await run.close();
    const warnings = await warningsOf(async () => {
      few(1, 1);
      few(2, Float64Array.of(1));
      many(3, 1, 2, 3, 4, 5, 6);
      run.recorder('late')(4, 1);
      await Promise.resolve();
    });
    expect(rows).toBe(1);
    // Once for all runs of the process: another spec may have had it.
    expect(warnings.length).toBeLessThanOrEqual(1);
    expect(await rowsOf(run)).toEqual([[0, { a: 1 }]]);
  });

  it('keeps its rows apart from those of others while shapes come and go', async () => {
    const run = open();
    const [one, other] = [run.recorder('a', 'b'), run.recorder('b', 'a')];
    // A channel has numbers for 1,024 shapes, and uses them again.
    const names = Array.from({ length: 11 }, (_, at) => `m${at}`);
    for (let step = 0; step < 1100; step++) {
      one(2 * step, step, -step);
      other(2 * step + 1, step, -step);
      const picked = names.filter((_, at) => (step >> at) & 1);
      run.logMetrics(Object.fromEntries(picked.map((name) => [name, step])), -1 - step);
    }
    await run.close();
    const rows = (await rowsOf(run)).filter(([step]) => Number(step) >= 0);
    expect(rows).toEqual(
      Array.from({ length: 2200 }, (_, at) => {
        const step = at >> 1;
        return [at, at % 2 === 0 ? { a: step, b: -step } : { b: step, a: -step }];
      }),
    );
  });

  it('has a full buffer like any call: rows are dropped and counted, or that is an exception', () => {
    for (const backpressure of ['drop', 'throw'] as const) {
      const { intake } = intakeOf({ backpressure, maxBufferedBytes: 1024 * 1024 });
      const record = intake.recorder(['a'], { late: () => undefined, after: undefined });
      const errors: unknown[] = [];
      for (let row = 0; row < 40_000; row++)
        try {
          if (row % 2 === 0) record(row, row);
          else record(row, Float64Array.of(row));
        } catch (error) {
          errors.push(error);
        }
      const { rows, control } = intake.channel;
      expect(rows).toBeGreaterThan(10_000);
      expect(rows + control.dropped).toBe(40_000);
      expect(errors).toHaveLength(backpressure === 'throw' ? control.dropped : 0);
      if (backpressure === 'throw') expect(errors[0]).toMatchObject({ code: 'BACKPRESSURE' });
    }
  });

  it('is seen by taps as any row is, and a tap may use it', async () => {
    const run = open();
    const seen = tapOf(run);
    const record = run.recorder('a', 'b');
    const echo = run.recorder('echo');
    run.metric('a').subscribe(({ step, value }) => echo(step, value));
    record(0, 1, 2);
    record(1, Float64Array.of(3, 4));
    await run.close();
    expect(await seen).toEqual([
      { step: 0, values: { a: 1, b: 2 } },
      { step: 0, values: { echo: 1 } },
      { step: 1, values: { a: 3, b: 4 } },
      { step: 1, values: { echo: 3 } },
    ]);
    expect(await rowsOf(run)).toEqual([
      [0, { a: 1, b: 2, echo: 1 }],
      [1, { a: 3, b: 4, echo: 3 }],
    ]);
  });

  it('wakes a writer that has fallen asleep since the last row', () => {
    const { intake, wire, wakeUps } = intakeOf();
    const record = intake.recorder(['a'], { late: () => undefined, after: undefined });
    const wakes = (): number => {
      const before = wakeUps();
      for (let row = 0; row < 3; row++) record(row, row);
      return wakeUps() - before;
    };
    // A thread that never beats, as the one that pumps the rows of a trial.
    const counts = [wakes()];
    wire[WireWord.sleeping] = 1;
    counts.push(wakes());
    // A writer beats many times before it sleeps.
    for (const beat of [7, 60, -1]) {
      wire[WireWord.heartbeat] = beat;
      counts.push(wakes());
      wire[WireWord.heartbeat] = beat + 50;
      wire[WireWord.sleeping] = 1;
      counts.push(wakes());
    }
    expect(counts).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  });
});

describe('the same calls', () => {
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.double() },
    {
      weight: 2,
      arbitrary: fc.oneof(fc.boolean(), fc.maxSafeInteger().map(BigInt), fc.string({ unit: 'binary' })),
    },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, undefined, [], new Date(5), 2n ** 70n) },
  );
  const call = fc.record({
    recorder: fc.nat({ max: 3 }),
    byName: fc.boolean(),
    asArray: fc.boolean(),
    step: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -3, max: 12 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<unknown>(null, undefined, 0.5, NaN, '3', 2n ** 61n, 2n ** 70n, 4n),
      },
    ),
    values: fc.array(value, { minLength: 6, maxLength: 6 }),
  });
  const NAMES = [
    ['loss'],
    ['loss', 'acc'],
    ['x', 'acc', 'step', '__proto__'],
    ['p', 'q', 'r', 's', 't', 'x'],
  ];

  /** All that a run leaves, apart from names and times. */
  async function left(run: LoggingEngine, seen: readonly MetricRow[] | null): Promise<unknown> {
    const { metrics, accepted, rows, invalid, dropped } = await run.close();
    const { counts, losses } = yamlOf(run.runDir);
    return {
      ...{ accepted, rows, invalid, dropped, counts, losses, seen },
      summaries: [...metrics].sort(([one], [other]) => (one < other ? -1 : 1)),
      file: (await duckdb(run.runDir)).map(({ timestamp, ...cells }) => [typeof timestamp, cells]),
      read: await rowsOf(run),
      log: logLines(run.runDir),
    };
  }

  it('give the same rows, ledger, summaries, losses and taps, by recorder and by logMetrics, mixed at will', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        async (calls, tapped) => {
          const [named, recorded] = [open({ maxMetrics: 10 }), open({ maxMetrics: 10 })];
          const taps = [named, recorded].map((run) => (tapped ? tapOf(run) : Promise.resolve(null)));
          const recorders = NAMES.map((names) => recorderOf(recorded, ...names));
          for (const { recorder, byName, asArray, step, values } of calls) {
            const names = NAMES[recorder] ?? [];
            const given = values.slice(0, names.length);
            const row = Object.fromEntries(names.map((name, at) => [name, given[at]]));
            const numbers = given.every((each) => typeof each === 'number');
            const log = (run: LoggingEngine): void =>
              run.logMetrics(row as Record<string, number>, step as number);
            log(named);
            if (byName) log(recorded);
            else if (asArray && numbers) recorders[recorder]?.(step, Float64Array.from(given));
            else recorders[recorder]?.(step, ...given);
          }
          const [one, other] = await Promise.all(
            [named, recorded].map(async (run, at) => {
              const closed = run.close();
              const seen = (await taps[at]) ?? null;
              await closed;
              return left(run, seen);
            }),
          );
          expect(other).toEqual(one);
        },
      ),
      { numRuns: 10 },
    );
  });
});

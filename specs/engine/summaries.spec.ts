import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine, type MetricSummary, type MetricValue } from 'expman-rx';
import { openExperiments, openRun, recoverRun } from 'expman-rx/reader';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeFs } from '../../src/storage/node-fs.js';
import { extremeSteps } from '../../src/model/metric.js';
import { readFooter } from '../../src/storage/metrics-footer.js';
import { factsOf } from '../../src/run/summaries/file-metadata.js';
import { summariesFrom } from '../../src/run/summaries/metric-summaries.js';
import { duckdb, hyparquet, logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('summaries');

/** Batches of every row, of a few, of as many as come within an interval, and of all rows. */
const SETTINGS = [
  { flushIntervalRows: 1 },
  { flushIntervalRows: 2 },
  { flushIntervalRows: 7, flushIntervalMs: 1 },
  { flushIntervalMs: 1 },
  { flushIntervalMs: 20, compression: 'none' },
  { flushIntervalMs: 60_000, flushIntervalRows: 100_000 },
] as const;
type Setting = (typeof SETTINGS)[number] | object;

type Row = Readonly<Record<string, MetricValue>>;
/** A row at the step of its place, or a flush that is awaited. */
type Call = Row | 'flush';

const open = (base: string, runName: string, setting: Setting = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName, ...setting }));

async function log(run: LoggingEngine, calls: readonly Call[]): Promise<void> {
  for (const [step, call] of calls.entries())
    if (call === 'flush') await run.flush();
    else run.logMetrics(call, step);
}

async function closed(base: string, rows: readonly Row[], setting: Setting = {}): Promise<LoggingEngine> {
  const run = open(base, 'run', setting);
  await log(run, rows);
  await run.close();
  return run;
}

const summariesOf = (
  values: readonly MetricValue[],
  setting: Setting = {},
): Promise<MetricSummary | undefined> =>
  closed(
    folder(),
    values.map((x) => ({ x })),
    setting,
  )
    .then((run) => run.closed)
    .then(({ metrics }) => metrics.get('x'));

/** The summaries as the calls alone have them. */
function modelOf(calls: readonly Call[]): Map<string, MetricSummary> {
  const logged = new Map<string, { value: MetricValue; step: number }[]>();
  for (const [step, call] of calls.entries())
    for (const [metric, value] of call === 'flush' ? [] : Object.entries(call))
      logged.set(metric, [...(logged.get(metric) ?? []), { value, step }]);
  return new Map([...logged].map(([metric, values]) => [metric, summaryOf(values)]));
}

function summaryOf(logged: readonly { readonly value: MetricValue; readonly step: number }[]): MetricSummary {
  const texts = logged.filter(({ value }) => typeof value === 'string');
  const others = logged.filter(({ value }) => typeof value !== 'string');
  const numbers = others.flatMap(({ value, step }) => {
    const number = typeof value === 'boolean' ? Number(value) : (value as number | bigint);
    return Number.isNaN(number) ? [] : [{ number, step }];
  });
  const nan = others.length - numbers.length;
  const least = numbers.find(({ number }) => numbers.every((other) => number <= other.number));
  const greatest = numbers.find(({ number }) => numbers.every((other) => number >= other.number));
  return {
    last: (others.at(-1) ?? texts.at(-1))?.value ?? NaN,
    count: logged.length,
    ...(least !== undefined &&
      greatest !== undefined && {
        ...{
          min: plain(least.number),
          max: plain(greatest.number),
          ...extremeSteps(least.step, greatest.step),
        },
        mean: numbers.reduce((sum, { number }) => sum + Number(number), 0) / numbers.length,
      }),
    ...(nan > 0 && { nan }),
    ...(texts.length > 0 && { texts: texts.length }),
  };
}

/** A bigint within 2^53 is as good as a number: YAML knows one kind of integer. */
const plain = <V>(value: V): V | number =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;

const plainly = (metrics: ReadonlyMap<string, MetricSummary>): object =>
  Object.fromEntries(
    [...metrics].map(([metric, summary]) => [
      metric,
      Object.fromEntries(
        Object.entries(summary).map(([part, value]: [string, unknown]) => [part, plain(value)]),
      ),
    ]),
  );

/** The files of a run that is open, as a process that is killed now leaves them. */
function cutOff(runDir: string, base: string): string {
  const copy = join(base, 'exp', 'run');
  mkdirSync(copy, { recursive: true });
  const names = readdirSync(runDir).filter((name) => name === 'run.yaml' || name.endsWith('.log'));
  // The published file last: a segment goes when what it holds is in there.
  for (const name of [...names, 'metrics.parquet'])
    try {
      copyFileSync(join(runDir, name), join(copy, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  return copy;
}

const inspected = async (runDir: string): Promise<object> =>
  plainly((await openRun(runDir).inspect()).metrics);
const listed = async (base: string): Promise<object> => {
  const [run] = await openExperiments(base, { cacheDir: null }).runs();
  return plainly(run?.facts.metrics ?? new Map());
};
const published = (runDir: string): object =>
  plainly(summariesFrom(factsOf(readFooter(nodeFs, join(runDir, 'metrics.parquet')).metadata).tallies));

describe('what is told of a metric', () => {
  it('is of the numbers that were logged, whatever text came between them', async () => {
    const numbers = Array.from({ length: 100 }, (_, at) => 1 / (at + 1));
    for (const setting of SETTINGS)
      expect(await summariesOf([...numbers, 'nan', 0.5], setting)).toEqual({
        ...{ last: 0.5, count: 102, min: 0.01, max: 1, ...extremeSteps(99, 0), texts: 1 },
        mean: [...numbers, 0.5].reduce((sum, number) => sum + number, 0) / 101,
      });
  });

  it('takes a text for none, however much it looks like a number', async () => {
    expect(await summariesOf(['5', 'NaN', 'true', 2, '-1', 'Infinity'])).toEqual({
      ...{ last: 2, count: 6, min: 2, max: 2, mean: 2, ...extremeSteps(3, 3), texts: 5 },
    });
  });

  it('is the last text of a metric of texts', async () => {
    expect(await summariesOf(['1', 'b'])).toEqual({ last: 'b', count: 2, texts: 2 });
  });

  it('counts booleans as 0 and 1, and has the last one as it was', async () => {
    expect(await summariesOf([true, false, true, true])).toEqual({
      ...{ last: true, count: 4, min: 0, max: 1, mean: 0.75, ...extremeSteps(1, 0) },
    });
  });

  it('compares integers beyond 2^53 with doubles exactly, and keeps the kind', async () => {
    const big = 2n ** 53n + 1n;
    for (const setting of [SETTINGS[0], SETTINGS[5]])
      expect(await summariesOf([2 ** 53, big, 5n, 4.5], setting)).toMatchObject({
        max: big,
        min: 4.5,
        last: 4.5,
      });
  });

  it('is the same for all flush settings, while open, closed, killed and recovered, as the calls have it', async () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(NaN, Infinity, -Infinity, 2 ** 53, 2n ** 53n + 1n),
      fc.bigInt({ min: -3n, max: 3n }),
      fc.boolean(),
      fc.constantFrom('nan', '5', 'NaN', 'true', '1e+21', '5.0', '-0', '', 'n/a'),
    );
    const row = fc
      .record({ a: value, b: value }, { requiredKeys: [] })
      .filter((some) => Object.keys(some).length > 0);
    const calls = fc.array(fc.oneof({ weight: 6, arbitrary: row }, fc.constant('flush' as const)), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(calls, async (program) => {
        const expected = plainly(modelOf(program));
        for (const setting of SETTINGS) {
          const base = folder();
          const run = open(base, 'run', setting);
          await log(run, program);
          await run.flush();
          expect(await inspected(run.runDir)).toEqual(expected);
          const dead = folder();
          const killed = cutOff(run.runDir, dead);
          expect(await inspected(killed)).toEqual(expected);
          await recoverRun(killed);
          expect([await listed(dead), published(killed)]).toEqual([expected, expected]);
          expect(plainly((await run.close()).metrics)).toEqual(expected);
          expect([await inspected(run.runDir), await listed(base), published(run.runDir)]).toEqual(
            Array.from({ length: 3 }, () => expected),
          );
        }
      }),
      { numRuns: 12 },
    );
  }, 120_000);

  it('goes on in a run that is taken up again', async () => {
    const base = folder();
    await closed(base, [
      { x: 1, y: 'a' },
      { x: 'n/a', y: 'b' },
    ]);
    const run = open(base, 'run', { resume: 'must' });
    await log(run, [{ x: 3 }, { x: '7', y: 2 }]);
    expect(plainly((await run.close()).metrics)).toMatchObject({
      x: { last: 3, count: 4, min: 1, max: 3, mean: 2, texts: 2 },
      y: { last: 2, count: 3, min: 2, max: 2, texts: 2 },
    });
  });
});

describe('the rows of a metric that became text', () => {
  const values: readonly MetricValue[] = [1, '1', 'x', true, 'true', 2n ** 60n, 0.1, 'NaN', NaN, -1e-7];

  it('are read as what they were logged as', async () => {
    for (const setting of SETTINGS) {
      const run = await closed(
        folder(),
        values.map((x) => ({ x })),
        setting,
      );
      const read: unknown[] = [];
      for await (const row of openRun(run.runDir).rows()) read.push(row.values['x']);
      expect(read).toEqual(values);
    }
  });

  it("are text under the metric's own name for every other reader", async () => {
    const run = await closed(
      folder(),
      values.map((x) => ({ x })),
    );
    for (const rows of [await duckdb(run.runDir), await hyparquet(run.runDir)])
      expect(rows.map(({ x }) => x)).toEqual(values.map(String));
  });
});

describe('a metric whose type changes', () => {
  const changes = (runDir: string): string[] => logLines(runDir).filter((line) => line.includes('logged as'));

  it('is told once in run.log, with both types', async () => {
    const run = await closed(folder(), [
      { loss: 1, n: 1 },
      { loss: 'nan', n: 2 },
      { loss: 2 },
      { loss: 'nan' },
    ]);
    expect(changes(run.runDir)).toEqual([
      expect.stringMatching(/^WARN .*metric "loss" was logged as a number, and now as a string/),
    ]);
  });

  it('is told of a run that is taken up again, though its types are those of before', async () => {
    const base = folder();
    await closed(base, [{ loss: 1, name: 'a', ok: true }]);
    const run = open(base, 'run', { resume: 'must' });
    await log(run, [{ loss: 2n, name: 'b', ok: 1 }]);
    await run.close();
    expect(changes(run.runDir)).toEqual([
      expect.stringContaining('"ok" was logged as a boolean, and now as a number'),
    ]);
  });
});

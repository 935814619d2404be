import { ExperimentConfig, LoggingEngine, type MetricRow } from 'expman-rx';
import { openExperiments, openRun } from 'expman-rx/reader';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('points');

function open(base: string, runName: string, experiment = 'exp'): LoggingEngine {
  return new LoggingEngine(new ExperimentConfig(experiment, base, { runName, environment: false }));
}

async function logged(rows: readonly MetricRow[], base = folder(), runName = 'r'): Promise<string> {
  const run = open(base, runName);
  for (const row of rows) run.metrics.next(row);
  await run.close();
  return run.runDir;
}

describe('the points of a metric', () => {
  it('are its numbers, with step and time, of the rows that have one', async () => {
    const rows = Array.from({ length: 1400 }, (_, step) => ({
      step,
      timestamp: 1_700_000_000_000 + step,
      values: { loss: 1 / (step + 1), ...(step % 100 === 99 && { val_loss: step }) },
    }));
    const points = await openRun(await logged(rows)).points('val_loss');
    expect(points).toEqual(
      Array.from({ length: 14 }, (_, at) => {
        const step = 100 * at + 99;
        return { step, value: step, timestamp: 1_700_000_000_000 + step };
      }),
    );
  });

  it('are plain numbers whatever was logged: booleans, integers of 64 bits, steps beyond 2^53', async () => {
    const runDir = await logged([
      { step: 0, timestamp: 1, values: { a: 5n, b: true } },
      { step: 1, timestamp: 2, values: { a: 2n ** 60n, b: false } },
      { step: 2n ** 60n, timestamp: 3, values: { a: 7n, b: true } },
      { step: null, timestamp: 4, values: { a: 8n } },
    ]);
    expect(await openRun(runDir).points('a')).toStrictEqual([
      { step: 0, value: 5, timestamp: 1 },
      { step: 1, value: 2 ** 60, timestamp: 2 },
      { step: 2n ** 60n, value: 7, timestamp: 3 },
      { step: null, value: 8, timestamp: 4 },
    ]);
    expect((await openRun(runDir).points('b')).map(({ value }) => value)).toEqual([1, 0, 1]);
  });

  it('have NaN and infinities, and no texts', async () => {
    const values = [1, 'diverged', NaN, -Infinity, 'x', 2];
    const runDir = await logged(values.map((loss, step) => ({ step, values: { loss } })));
    const points = await openRun(runDir).points('loss');
    expect(points.map(({ step, value }) => [step, value])).toEqual([
      [0, 1],
      [2, NaN],
      [3, -Infinity],
      [5, 2],
    ]);
  });

  it('are none of a metric that is not there', async () => {
    expect(await openRun(await logged([{ values: { loss: 1 } }])).points('los')).toEqual([]);
  });

  it('are those that a filter of all rows gives, for any selection', async () => {
    const runDir = await logged(
      Array.from({ length: 60 }, (_, at) => ({
        step: at % 7 === 0 ? null : (at * 13) % 50,
        values: at % 3 === 0 ? { other: at } : { loss: at },
      })),
    );
    const all = await openRun(runDir).points('loss');
    expect(all.length).toBeGreaterThan(20);
    const bound = fc.option(fc.integer({ min: -5, max: 60 }), { nil: undefined });
    const anyLast = fc.option(fc.integer({ min: 0, max: 70 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(bound, bound, anyLast, async (fromStep, toStep, last) => {
        const points = await openRun(runDir).points('loss', { fromStep, toStep, last });
        const isAll = fromStep === undefined && toStep === undefined;
        const kept = all.filter(
          ({ step }) =>
            isAll || (step !== null && step >= (fromStep ?? -Infinity) && step <= (toStep ?? Infinity)),
        );
        expect(points).toEqual(last === undefined ? kept : kept.slice(Math.max(0, kept.length - last)));
      }),
      { numRuns: 40 },
    );
  });

  it('of an open run are there, too', async () => {
    const run = open(folder(), 'r');
    run.logMetrics({ loss: 0.5 }, 3);
    await run.flush();
    expect((await openRun(run.runDir).points('loss')).map(({ step, value }) => [step, value])).toEqual([
      [3, 0.5],
    ]);
    await run.close();
  });

  it('of several runs come with their run; runs without the metric are left out', async () => {
    const base = folder();
    for (const [name, metric] of [
      ['a', 'loss'],
      ['b', 'other'],
      ['c', 'loss'],
    ] as const)
      await logged(
        [0, 1].map((step) => ({ step, values: { [metric]: step + 0.5 } })),
        base,
        name,
      );
    const lab = openExperiments(base, { cacheDir: null });
    const found = await lab.points('loss', { experiment: 'exp', last: 1 });
    expect(found.map(({ run, points }) => [run.facts.run, points.map(({ value }) => value)])).toEqual([
      ['a', [1.5]],
      ['c', [1.5]],
    ]);
    const one = await lab.points('loss', { where: ({ run }) => run === 'c', fromStep: 0, toStep: 0 });
    expect(one.map(({ run, points }) => [run.facts.run, points.length])).toEqual([['c', 1]]);
  });

  it('are refused with options that make no sense', async () => {
    const stored = openRun(await logged([{ values: { loss: 1 } }]));
    await expect(stored.points('loss', { last: -1 })).rejects.toThrow(/last must be an integer from 0/);
    await expect(stored.points(3 as never)).rejects.toThrow(/metric must be/);
    await expect(stored.points('loss', { form: 1 } as never)).rejects.toThrow(/unknown option "form"/);
  });
});

describe('the facts of a run as JSON', () => {
  it('are whole: metrics as an object, what JSON has no number for as text', async () => {
    const base = folder();
    const run = open(base, 'r');
    run.logParams({ lr: 0.1, seed: 2n ** 60n, deep: { list: [1n, NaN, 'x', null] } });
    run.logMetrics({ loss: 0.5, __proto__: 1 } as never, 1);
    run.metrics.next({ step: 2n ** 60n, values: { loss: NaN, ['__proto__']: 2 } });
    const { metrics } = await run.close();
    const loss = {
      ...{ last: 'NaN', count: 2, min: 0.5, max: 0.5, mean: 0.5, nan: 1 },
      ...{ minStep: 1, maxStep: 1, stepOfMin: 1, stepOfMax: 1 },
    };
    const parsed = (value: unknown): Record<string, unknown> =>
      JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
    expect(parsed(metrics)['loss']).toEqual(loss);
    const [listed] = (await openExperiments(base, { cacheDir: null }).list()).runs;
    for (const facts of [listed, openRun(run.runDir).facts]) {
      const json = parsed(facts);
      expect(json).toMatchObject({
        ...{ experiment: 'exp', run: 'r', status: 'FINISHED', lastStep: String(2n ** 60n) },
        params: { lr: 0.1, seed: String(2n ** 60n), deep: { list: [1, 'NaN', 'x', null] } },
        metrics: { loss },
      });
      expect(Object.getOwnPropertyDescriptor(json['metrics'], '__proto__')?.value).toMatchObject({ last: 2 });
      expect(Object.keys(facts ?? {})).not.toContain('toJSON');
      expect(facts?.metrics).toBeInstanceOf(Map);
    }
    expect(parsed(await openRun(run.runDir).inspect())).toMatchObject({ rows: 2, metrics: { loss } });
  });
});

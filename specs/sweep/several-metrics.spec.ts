import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Searcher,
  type SweepOptions,
  type Train,
  type TrialEvent,
  sweep,
  uniform,
} from 'expman-rx/sweep';
import { tempFolders } from '../support/temp-folder.js';
import { optionsIn, type Params, SPACE, square, yamlIn } from './small-sweep.js';

const folder = tempFolders('several-metrics');
const METRICS = [
  { name: 'loss', mode: 'min' },
  { name: 'accuracy', mode: 'max' },
] as const;
const SEVERAL = { metric: undefined, metrics: METRICS } as const;
const several = (baseDir: string, more: Partial<SweepOptions<Params>> = {}): SweepOptions<Params> =>
  optionsIn(baseDir, { ...SEVERAL, ...more });

/** Values by trial: 0 and 1 are the front, 2 is surpassed, 3 would be but for its latency. */
const VALUES = [
  { loss: 1, accuracy: 0.5, latency: 8 },
  { loss: 2, accuracy: 0.9, latency: 10 },
  { loss: 3, accuracy: 0.8, latency: 1 },
  { loss: 0, accuracy: 1, latency: 11 },
];
/** Logs the loss and the other metrics in rows of their own, as a validation does. */
const listed: Train<Params> = ({ run, number }) => {
  const { loss, ...others } = VALUES[number]!;
  run.logMetrics({ loss: loss + 1 }, 0);
  run.logMetrics({ loss }, 1);
  run.logMetrics(others, 1);
  return undefined;
};
const CONSTRAINTS = [{ metric: 'latency', max: 10 }];

describe('a sweep of several metrics', () => {
  it('has the trials that no other surpasses, and the best by the first metric', async () => {
    const options = several(folder(), { trials: 4, constraints: CONSTRAINTS });
    const study = sweep(SPACE, listed, options);
    const events: TrialEvent<Params>[] = [];
    study.events$.subscribe((event) => events.push(event));
    const { best, front, trials } = await study.result;
    expect([best.number, best.value, best.values]).toEqual([0, 1, [1, 0.5]]);
    expect(front).toEqual([trials[0], trials[1]]);
    expect(trials.map(({ values, violation }) => [values, violation])).toEqual([
      [[1, 0.5], 0],
      [[2, 0.9], 0],
      [[3, 0.8], 0],
      [[0, 1], 1],
    ]);
    const reported = events.flatMap((event) =>
      event.kind === 'reported' && event.number === 0 ? [[event.metric, event.step, event.value]] : [],
    );
    expect(reported).toEqual([
      ['loss', 0, 2],
      ['loss', 1, 1],
      ['accuracy', 1, 0.5],
    ]);
    expect(yamlIn(study.dir)).toMatchObject({
      ...{ metric: 'loss', mode: 'min', metrics: METRICS, constraints: CONSTRAINTS },
      best: { trial: 0, value: 1, values: [1, 0.5], constraintValues: [8] },
      trials: VALUES.map(({ loss, accuracy, latency }) => ({
        ...{ value: loss, values: [loss, accuracy], constraintValues: [latency] },
      })),
    });
  });

  it('goes on as it was, and is another one with other metrics or bounds', async () => {
    const base = folder();
    const options = several(base, { trials: 2, constraints: CONSTRAINTS });
    await sweep(SPACE, listed, options).result;
    const told: unknown[] = [];
    const searcher = (): Searcher<Params> => ({
      suggest: () => ({ params: { x: 0, kind: 'a' } }),
      observe: (_, value, outcome) => told.push([outcome?.trial, value, outcome?.violation]),
    });
    const more = { ...options, trials: 4 };
    const { front, reused } = await sweep(SPACE, listed, more).result;
    expect([reused, front.map(({ number }) => number)]).toEqual([2, [0, 1]]);
    const again = several(folder(), { trials: 4, constraints: CONSTRAINTS, searcher: searcher() });
    await sweep(SPACE, listed, again).result;
    const inSession = told.splice(0);
    await sweep(SPACE, listed, { ...again, searcher: searcher() }).result;
    expect(told).toEqual(inSession);
    expect(told).toEqual(VALUES.map(({ loss, accuracy }, at) => [at, [loss, accuracy], at === 3 ? 1 : 0]));

    const other: readonly (readonly [string, Partial<SweepOptions<Params>>])[] = [
      ['metrics', { metrics: [METRICS[0], { name: 'accuracy', mode: 'min' }] }],
      ['metrics', { metrics: undefined, metric: 'loss' }],
      ['constraints', { constraints: [{ metric: 'latency', max: 9 }] }],
      ['constraints', { constraints: undefined }],
    ];
    for (const [key, changed] of other)
      await expect(sweep(SPACE, listed, { ...more, ...changed }).result).rejects.toThrow(
        new RegExp(`the existing sweep has ${key} `),
      );
  });

  it('trains in worker threads as well', async () => {
    const { trials, front } = await sweep(
      { x: uniform(0, 1), way: 'plain' as const },
      {
        ...{ name: 's', baseDir: folder(), trials: 2, handleSignals: false, run: { environment: false } },
        worker: new URL('./workers/queue-trials.mjs', import.meta.url),
        metrics: [
          { name: 'loss', mode: 'min' },
          { name: 'size', mode: 'min' },
        ],
        constraints: [{ metric: 'size', max: 1 }],
      },
    ).result;
    expect(front).toEqual(trials);
    expect(trials.map(({ values }) => values)).toEqual(trials.map(({ params: { x } }) => [x + 9, 1 - x]));
  });

  it('of one metric is the same as one with metric and mode', async () => {
    const base = folder();
    await sweep(SPACE, square, optionsIn(base, { trials: 2 })).result;
    const one = several(base, { metrics: [METRICS[0]], trials: 2, scheduler: 'asha', value: 'last' });
    const { front, best } = await sweep(SPACE, square, one).result;
    expect(front).toEqual([best]);
    expect(yamlIn(join(base, 's'))).not.toHaveProperty('metrics');
  });

  it('fails a trial that lacks a metric or one of a constraint, and tries it again', async () => {
    const options = several(folder(), { trials: 2, retries: 1, constraints: CONSTRAINTS });
    const train: Train<Params> = (trial) => {
      if (trial.attempt > 0) return listed(trial);
      trial.run.logMetrics(trial.number === 0 ? { loss: 1, latency: 2 } : { loss: 1, accuracy: NaN }, 0);
      return undefined;
    };
    const study = sweep(SPACE, train, options);
    const errors: unknown[] = [];
    study.events$.subscribe((event) => {
      if (event.kind === 'failed') errors.push(event.trial.error);
    });
    const { trials } = await study.result;
    expect(errors).toEqual([
      'the metric "accuracy" was never reported as a number',
      'the metric "accuracy" was never anything but NaN',
    ]);
    expect(trials.map(({ status, attempt, values }) => [status, attempt, values])).toEqual([
      ['finished', 1, [1, 0.5]],
      ['finished', 1, [2, 0.9]],
    ]);
  });

  it('tells a searcher nothing of the values of a trial that failed, in this session and the next', async () => {
    const told: unknown[] = [];
    const options = (): SweepOptions<Params> =>
      optionsIn(base, {
        trials: 2,
        searcher: {
          suggest: (trial) => (trial < 2 ? { params: { x: 0, kind: 'a' } } : null),
          observe: (_, value) => told.push(value),
        },
      });
    const base = folder();
    const train: Train<Params> = ({ run, number }) => {
      run.logMetrics({ loss: number }, 0);
      if (number === 1) throw new Error('broken');
    };
    await sweep(SPACE, train, options()).result;
    await sweep(SPACE, train, options()).result;
    expect(told).toEqual([0, null, 0, null]);
  });

  it.each(['tpe', 'nsga2'] as const)('is searched by %s', async (searcher) => {
    const train: Train<Params> = ({ run, params: { x } }) =>
      run.logMetrics({ loss: x ** 2, accuracy: -((x - 0.5) ** 2), latency: x });
    const constraints = [{ metric: 'latency', min: 0.25 }];
    const { trials, front } = await sweep(
      SPACE,
      train,
      several(folder(), { trials: 40, searcher, constraints, searcherOptions: { startupTrials: 10 } }),
    ).result;
    expect(front.every(({ params: { x } }) => x >= 0.25)).toBe(true);
    // Of [-1, 1], only [0.25, 0.5] is on the front; by chance one in eight would be there.
    const late = trials.slice(20).filter(({ params: { x } }) => x >= 0.25 && x <= 0.5);
    expect(late.length).toBeGreaterThan(6);
  });
});

describe('the constraints of a sweep', () => {
  it('that no trial keeps leave nothing to be the best, and the nearest is named', async () => {
    const base = folder();
    const options = optionsIn(base, { trials: 4, constraints: [{ metric: 'latency', max: 0.5 }] });
    await expect(sweep(SPACE, listed, options).result).rejects.toMatchObject({
      code: 'SWEEP_FAILED',
      message: expect.stringMatching(
        /none of 4 trials keeps the constraints; the nearest is trial 2: "latency" <= 0\.5 \(it has 1\)$/,
      ) as string,
    });
    expect(yamlIn(join(base, 's'))).toMatchObject({ status: 'FAILED', best: null });
  });

  it('hold for one metric too, with a scheduler, by the last value whatever counts of the metric', async () => {
    const constraints = [{ metric: 'latency', max: 10 }];
    const train: Train<Params> = ({ run, number, signal }) => {
      for (let step = 0; step < 20 && !signal.aborted; step++)
        run.logMetrics(
          { loss: number === 0 ? step : 100 + number, latency: number === 0 ? 30 - step : 5 },
          step,
        );
      return undefined;
    };
    const options = optionsIn(folder(), { trials: 2, value: 'best', constraints, scheduler: 'median' });
    const { best, front } = await sweep(SPACE, train, options).result;
    expect([best.number, front.map(({ number }) => number)]).toEqual([1, [1]]);
  });

  it('make a trial that was stopped before their metric was known nobody’s best', async () => {
    const train: Train<Params> = ({ run, number, signal }) => {
      for (let step = 0; step < 4 && !signal.aborted; step++) run.logMetrics({ loss: 9 + number }, step);
      if (!signal.aborted) run.logMetrics({ latency: 1 });
      return undefined;
    };
    const told: unknown[] = [];
    const options: SweepOptions<Params> = optionsIn(folder(), {
      ...{ trials: 2, constraints: CONSTRAINTS },
      scheduler: { stops: ({ trial }) => trial === 0 },
      searcher: {
        suggest: () => ({ params: { x: 0, kind: 'a' } }),
        observe: (_, value, outcome) => told.push([value, outcome?.violation]),
      },
    });
    const { best, trials } = await sweep(SPACE, train, options).result;
    expect(best.number).toBe(1);
    expect(trials.map(({ status, violation }) => [status, violation])).toEqual([
      ['stopped', null],
      ['finished', 0],
    ]);
    expect(told).toEqual([
      [9, Infinity],
      [10, 0],
    ]);
  });
});

describe('what is optimised', () => {
  it.each<[said: RegExp, options: Partial<SweepOptions<Params>>]>([
    [/metric must be the name of a metric, unless metrics has several; got undefined/, { metric: undefined }],
    [/metrics must be given without metric and mode/, { metrics: METRICS }],
    [/metrics must be given without/, { metric: undefined, mode: 'min', metrics: METRICS }],
    [/metrics must be a list of at least one/, { metric: undefined, metrics: [] }],
    [/metrics must be a list/, { metric: undefined, metrics: [METRICS[0], METRICS[0]] }],
    [/metrics must be a list/, { metric: undefined, metrics: ['loss'] as never }],
    [
      /scheduler must be left out, or 'none', for several metrics.*got "asha"/,
      { ...SEVERAL, scheduler: 'asha' },
    ],
    [/scheduler must be left out.*got "custom"/, { ...SEVERAL, scheduler: { stops: () => false } }],
    [/value must be 'last' for several metrics/, { ...SEVERAL, value: 'best' }],
    [/searcher must be 'tpe' or 'nsga2'/, { ...SEVERAL, searcher: 'cma-es' }],
    [/constraints must be a list of/, { constraints: { metric: 'a', max: 1 } as never }],
    [
      /constraints\[1\] must be \{ metric, max \}/,
      { constraints: [CONSTRAINTS[0]!, { metric: 'a' } as never] },
    ],
    [/constraints\[0\] must be/, { constraints: [{ metric: 'a', max: 1, min: 0 } as never] }],
    [/constraints\[0\] must be/, { constraints: [{ metric: 'a', max: Infinity }] }],
    [/constraints\[0\] must be/, { constraints: [{ metric: 'a', most: 1 } as never] }],
    [/constraints\[0\] must be/, { constraints: [{ metric: '', max: 1 }] }],
  ])('is refused: %s', (said, options) => {
    expect(() => sweep(SPACE, listed, optionsIn(folder(), options))).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(said) as string,
      }) as Error,
    );
  });

  it.each([
    [/metrics that are no list/, 'metrics: loss\n'],
    [/constraints that are no list/, 'constraints: [{metric: latency}]\n'],
  ])('is refused in a file: %s', async (said, line) => {
    const base = folder();
    await sweep(SPACE, square, optionsIn(base, { trials: 1 })).result;
    const path = join(base, 's/sweep.yaml');
    writeFileSync(path, `${line}${readFileSync(path, 'utf8')}`);
    await expect(sweep(SPACE, square, optionsIn(base, { trials: 1 })).result).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(said) as string,
    });
  });
});

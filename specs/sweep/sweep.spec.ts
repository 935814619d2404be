import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { lastValueFrom, map, range, toArray } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { currentRun } from 'expman-rx';
import { type Train, type TrialEvent, choice, logUniform, randint, sweep, uniform } from 'expman-rx/sweep';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';
import { optionsIn, type Params, SPACE, square, yamlIn } from './small-sweep.js';

const folder = tempFolders('sweep');

describe('a sweep', () => {
  it('tries parameters, each in a run of its own, and says which were best', async () => {
    const study = sweep(SPACE, square, optionsIn(folder()));
    const { status, best, trials } = await study.result;
    expect(status).toBe('FINISHED');
    expect(trials.map(({ number, status: of }) => [number, of])).toEqual(
      [0, 1, 2, 3, 4, 5].map((number) => [number, 'finished']),
    );
    const values = trials.map(({ params }) => params.x ** 2 + 1);
    expect(trials.map(({ value }) => value)).toEqual(values);
    expect(best).toEqual(trials[values.indexOf(Math.min(...values))]);
    expect(best.step).toBe(4);
    for (const { runDir, params } of trials) {
      expect(await duckdb(runDir, 'SELECT count(*)::INT AS rows FROM read_parquet($1)')).toEqual([
        { rows: 5 },
      ]);
      expect(yamlIn(runDir, 'config.yaml')).toEqual(params);
      expect(yamlIn(runDir, 'run.yaml')).toMatchObject({ status: 'FINISHED', group: 's' });
    }
    expect(yamlIn(study.dir)).toMatchObject({
      status: 'FINISHED',
      space: { x: { uniform: [-1, 1] }, kind: { choice: ['a', 'b'] } },
      metric: 'loss',
      seed: 7,
      best: { trial: best.number, value: best.value },
    });
    expect(existsSync(join(study.dir, 'run.lock'))).toBe(false);
  });

  it('knows the types of its parameters', async () => {
    const study = sweep(
      { lr: logUniform(1e-5, 1e-1), optimizer: choice('sgd', 'adam') },
      ({ params, run }) => {
        expectTypeOf(params.lr).toEqualTypeOf<number>();
        expectTypeOf(params.optimizer).toEqualTypeOf<'sgd' | 'adam'>();
        run.logMetrics({ loss: params.lr });
        return undefined;
      },
      { name: 's', baseDir: folder(), metric: 'loss', trials: 1, handleSignals: false },
    );
    const { best } = await study.result;
    expectTypeOf(best.params.optimizer).toEqualTypeOf<'sgd' | 'adam'>();
    expect(['sgd', 'adam']).toContain(best.params.optimizer);
  });

  it('gives the same for the same seed, one at a time or several', async () => {
    const paramsOf = async (concurrency: number): Promise<unknown> => {
      const { trials } = await sweep(SPACE, square, optionsIn(folder(), { concurrency })).result;
      return trials.map(({ params }) => params);
    };
    expect(await paramsOf(3)).toEqual(await paramsOf(1));
  });

  it('runs no more trials at a time than it was told, and knows the current run of each', async () => {
    let [now, most] = [0, 0];
    const train: Train<Params> = async ({ run, params }) => {
      most = Math.max(most, ++now);
      for (let step = 0; step < 10; step++) {
        await turn();
        expect(currentRun()).toBe(run);
        currentRun()?.logMetrics({ loss: params.x }, step);
      }
      now--;
    };
    await sweep(SPACE, train, optionsIn(folder(), { concurrency: 3 })).result;
    expect(most).toBe(3);
  });

  it.each<[string, Train<Params>]>([
    [
      'an async generator',
      async function* ({ params }) {
        for (let step = 0; step < 5; step++) {
          await turn();
          yield { loss: params.x ** 2 + (5 - step) };
        }
      },
    ],
    [
      'a generator of rows',
      function* ({ params }) {
        for (let step = 0; step < 5; step++) yield { step, values: { loss: params.x ** 2 + (5 - step) } };
      },
    ],
    [
      'an Observable',
      ({ params }) => range(0, 5).pipe(map((step) => ({ loss: params.x ** 2 + (5 - step) }))),
    ],
  ])('takes rows from %s', async (_, train) => {
    const [expected, found] = await Promise.all(
      [square, train].map(async (each) => (await sweep(SPACE, each, optionsIn(folder())).result).best),
    );
    expect({ ...found, runDir: '' }).toEqual({ ...expected, runDir: '' });
  });

  it.each([
    ['last', 'min', 3],
    ['best', 'min', 1],
    ['best', 'max', 4],
  ] as const)('goes by the %s value, mode %s', async (value, mode, expected) => {
    const losses = [2, NaN, 1, 4, 3];
    const study = sweep(
      { x: uniform(0, 1) },
      ({ run }) => {
        losses.forEach((loss, step) => run.logMetrics({ loss }, step));
        return undefined;
      },
      { ...optionsIn(folder()), trials: 1, value, mode, searcher: 'random' },
    );
    const { best } = await study.result;
    expect([best.value, best.step]).toEqual([expected, losses.indexOf(expected)]);
  });

  it.each(['min', 'max'] as const)('takes for the best the %s of all trials', async (mode) => {
    const values = [2, 5, 1, 4];
    const study = sweep(
      SPACE,
      ({ run, number }) => {
        run.logMetrics({ loss: values[number] ?? NaN });
        return undefined;
      },
      optionsIn(folder(), { trials: 4, mode }),
    );
    expect((await study.result).best.value).toBe(mode === 'min' ? 1 : 5);
  });

  it('tells what happens, from the first event on, and a listener that throws harms nothing', async () => {
    const study = sweep(SPACE, square, optionsIn(folder(), { trials: 2 }));
    const events = lastValueFrom(study.events$.pipe(toArray()));
    study.events$.subscribe(() => {
      throw new Error('boom');
    });
    await study.result;
    const kinds = (await events).map((event: TrialEvent<Params>) => event.kind);
    const one = ['started', ...Array<string>(5).fill('reported'), 'finished'];
    expect(kinds).toEqual([...one, ...one, 'ended']);
  });

  it('ends with its grid', async () => {
    const space = { n: randint(1, 3), kind: choice('a', 'b') };
    const study = sweep(
      space,
      ({ run, params }) => {
        run.logMetrics({ loss: params.n });
        return undefined;
      },
      { name: 's', baseDir: folder(), metric: 'loss', trials: 100, searcher: 'grid', handleSignals: false },
    );
    expect((await study.result).trials).toHaveLength(6);
  });
});

describe('a sweep that makes no sense', () => {
  it.each<[string, object]>([
    ['concurrency', { concurrency: 0 }],
    ['trials', { trials: 0 }],
    ['trials', { trials: 1.5 }],
    ['metric', { metric: '' }],
    ['mode', { mode: 'least' }],
    ['value', { value: 'first' }],
    ['searcher', { searcher: 'oracle' }],
    ['searcher', { searcher: {} }],
    ['scheduler', { scheduler: 'fifo' }],
    ['reductionFactor', { scheduler: { name: 'asha', reductionFactor: 1 } }],
    ['minTrials', { scheduler: { name: 'median', minTrials: 0 } }],
    ['retries', { retries: -1 }],
    ['retryFailed', { retryFailed: 1 }],
    ['maxResource', { scheduler: { name: 'hyperband' } }],
    ['maxResource', { scheduler: { name: 'hyperband', maxResource: 4, minResource: 5 } }],
    ['patience', { scheduler: { name: 'patience', patience: 0 } }],
    ['scheduler', { scheduler: { name: 'threshold' } }],
    ['scheduler.recall', { scheduler: { stops: () => false, recall: 7 } }],
    ['timeLimitMs', { timeLimitMs: 0 }],
    ['concurency', { concurency: 2 }],
    ['handleSignals', { handleSignals: 'no' }],
    ['searcher', { searcher: null }],
    ['seed', { searcherOptions: { seed: 3 } }],
    ['startupTrails', { searcherOptions: { startupTrails: 3 } }],
    ['searcherOptions', { searcherOptions: null }],
    ['etaa', { scheduler: { name: 'asha', etaa: 4 } }],
    ['minTrails', { scheduler: { name: 'median', minTrails: 4 } }],
    ['minTrials', { scheduler: { name: 'none', minTrials: 4 } }],
    ['run.runName', { run: { runName: 'mine' } }],
    ['run.handleSignals', { run: { handleSignals: true } }],
    ['seed', { seed: -1 }],
  ])('is refused for its %s', (option, wrong) => {
    expect(() => sweep(SPACE, square, { ...optionsIn(folder()), ...wrong })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }) as Error,
    );
  });

  it('is refused for an empty space and for what is no function', () => {
    expect(() => sweep({}, () => undefined, { name: 's', metric: 'm' })).toThrow(/space/);
    expect(() => sweep(SPACE, null as never, optionsIn(folder()))).toThrow(/train must be a function/);
  });

  it.each(['http://127.0.0.1/train.js', 'blob:nodedata:1'])('is refused for a worker at %s', (url) => {
    expect(() => sweep(SPACE, { ...optionsIn(folder()), worker: new URL(url) })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option: 'worker', value: url }) as Error,
    );
  });
});

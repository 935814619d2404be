import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Observable, interval, lastValueFrom, map, range, take, tap, toArray } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { parse } from 'yaml';
import { RunStatus, currentRun } from 'expman-rx';
import {
  type Searcher,
  type SweepOptions,
  type Train,
  type TrialEvent,
  choice,
  logUniform,
  randint,
  sweep,
  uniform,
} from 'expman-rx/sweep';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('sweep');
const SPACE = { x: uniform(-1, 1), kind: choice('a', 'b') };
type Params = { readonly x: number; readonly kind: 'a' | 'b' };
const optionsIn = (
  baseDir: string,
  more: Partial<SweepOptions<Params>> = {},
): SweepOptions<Params> & { baseDir: string } => ({
  name: 's',
  metric: 'loss',
  trials: 6,
  seed: 7,
  run: { environment: false },
  handleSignals: false,
  ...more,
  baseDir,
});
const square: Train<Params> = ({ params, run }) => {
  for (let step = 0; step < 5; step++) run.logMetrics({ loss: params.x ** 2 + (5 - step) }, step);
  return undefined;
};
const yamlIn = (dir: string, file = 'sweep.yaml'): Record<string, unknown> =>
  parse(readFileSync(join(dir, file), 'utf8')) as Record<string, unknown>;

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
    expect(kinds).toEqual([...one, ...one]);
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

describe('a trial', () => {
  it('that is hopeless is stopped early, in a loop, a generator and an Observable alike', async () => {
    const steps: Record<string, number> = {};
    const ended: string[] = [];
    const train =
      (form: string): Train<Params> =>
      (trial) => {
        // The first three are each better than all before.
        const loss = trial.number < 3 ? 3 - trial.number : 9;
        steps[form] = 0;
        const row = (): { loss: number } => {
          if (trial.number === 3) steps[form] = (steps[form] ?? 0) + 1;
          return { loss };
        };
        if (form === 'loop') {
          for (let step = 0; step < 50 && !trial.signal.aborted; step++) trial.run.logMetrics(row(), step);
          return undefined;
        }
        if (form === 'observable')
          return new Observable((subscriber) => {
            const rows$ = interval(1).pipe(map(row));
            const tap = (trial.number < 3 ? rows$.pipe(take(20)) : rows$).subscribe(subscriber);
            return () => {
              tap.unsubscribe();
              ended.push(form);
            };
          });
        return (async function* () {
          try {
            for (let step = 0; step < 50; step++) {
              await turn();
              yield row();
            }
          } finally {
            ended.push(form);
          }
        })();
      };
    for (const form of ['loop', 'generator', 'observable']) {
      const study = sweep(SPACE, train(form), optionsIn(folder(), { trials: 4, scheduler: 'asha' }));
      const { trials, best } = await study.result;
      expect(trials.map(({ status }) => status)).toEqual([...Array<string>(3).fill('finished'), 'stopped']);
      expect(best.number).toBe(2);
      expect(steps[form]).toBe(1);
      expect(yamlIn(trials[3]?.runDir ?? '', 'run.yaml')['status']).toBe('FINISHED');
    }
    expect(ended).toEqual([...Array<string>(4).fill('generator'), ...Array<string>(4).fill('observable')]);
  });

  it('that is hopeless is stopped early, though its Observable gives all its rows in one go', async () => {
    let given = 0;
    const train: Train<Params> = ({ number }) =>
      range(0, 1000).pipe(
        tap(() => given++),
        map(() => ({ loss: number < 3 ? 3 - number : 9 })),
      );
    const { trials } = await sweep(SPACE, train, optionsIn(folder(), { trials: 4, scheduler: 'asha' }))
      .result;
    expect(trials.map(({ status }) => status)).toEqual(['finished', 'finished', 'finished', 'stopped']);
    expect(given).toBe(3001);
  });

  it('that throws fails alone, is tried again as often as asked, and keeps its rows', async () => {
    const train: Train<Params> = ({ run, number, attempt }) => {
      run.logMetrics({ loss: number }, 0);
      if (number === 1 && attempt < 2) throw new Error(`boom ${attempt}`);
      return undefined;
    };
    const study = sweep(SPACE, train, optionsIn(folder(), { trials: 3, retries: 1 }));
    const retried = lastValueFrom(study.events$.pipe(toArray()));
    const { trials, best } = await study.result;
    expect(best.number).toBe(0);
    expect(trials[1]).toMatchObject({ status: 'failed', attempt: 1, error: 'boom 1' });
    expect((await retried).filter(({ kind }) => kind === 'failed')).toMatchObject([
      { willRetry: true },
      { willRetry: false },
    ]);
    for (const name of ['trial-0001', 'trial-0001.1']) {
      const runDir = join(study.dir, name);
      expect(yamlIn(runDir, 'run.yaml')).toMatchObject({ status: 'FAILED', error: { name: 'Error' } });
      expect(await duckdb(runDir, 'SELECT count(*)::INT AS rows FROM read_parquet($1)')).toEqual([
        { rows: 1 },
      ]);
    }
  });

  it.each([RunStatus.Failed, RunStatus.Interrupted])(
    'that closes its own run as %s has not finished',
    async (status) => {
      const train: Train<Params> = async ({ run, number }) => {
        run.logMetrics({ loss: number + 1 });
        if (number === 0) await run.close(status);
        if (number === 1) await run.close();
      };
      const { best, trials } = await sweep(SPACE, train, optionsIn(folder(), { trials: 2 })).result;
      expect(trials.map((trial) => trial.status)).toEqual(['failed', 'finished']);
      expect(trials[0]?.error).toBe(`the trial closed its run as ${status}`);
      expect(best.number).toBe(1);
    },
  );

  it.each<[string, Train<Params>, RegExp]>([
    ['that reports nothing', () => undefined, /"loss" was never reported as a number/],
    [
      'that reports NaN',
      ({ run }) => {
        run.logMetrics({ loss: NaN });
        return undefined;
      },
      /"loss" was never anything but NaN/,
    ],
    [
      'whose last value is NaN',
      ({ run }) => {
        for (const loss of [1, NaN]) run.logMetrics({ loss });
        return undefined;
      },
      /"loss" was NaN at the end/,
    ],
    [
      'whose generator throws',

      function* () {
        throw new Error('no data');
      },
      /no data/,
    ],
    ['that yields what is no row', () => [1] as never, /must be an object of values/],
    ['that rejects with no error', () => Promise.reject('text') as never, /text/], // eslint-disable-line @typescript-eslint/prefer-promise-reject-errors -- it may
  ])('%s fails, and a sweep of such rejects', async (_, train, why) => {
    const study = sweep(SPACE, train, optionsIn(folder(), { trials: 2 }));
    await expect(study.result).rejects.toMatchObject({ code: 'SWEEP_FAILED', count: 2, message: why });
    expect(yamlIn(study.dir)).toMatchObject({ status: 'FAILED', best: null });
  });

  it('that fails once too often ends the sweep', async () => {
    const train: Train<Params> = ({ number, run }) => {
      run.logMetrics({ loss: 1 });
      if (number > 0) throw new Error('boom');
      return undefined;
    };
    const options = optionsIn(folder(), { trials: 50, maxFailures: 2 });
    const study = sweep(SPACE, train, options);
    await expect(study.result).rejects.toMatchObject({ code: 'SWEEP_FAILED', count: 3 });
    expect(yamlIn(study.dir)['trials']).toHaveLength(4);

    // Nor does it try any more when it is resumed, until it may fail more often.
    const none = sweep(SPACE, () => expect.fail('one trial too many'), options);
    await expect(none.result).rejects.toMatchObject({ code: 'SWEEP_FAILED', count: 3 });
    expect(yamlIn(study.dir)).toMatchObject({ status: 'FAILED', trials: { length: 4 } });
    const more = sweep(SPACE, square, { ...options, trials: 5, maxFailures: 3 });
    expect((await more.result).trials).toHaveLength(5);
  });
});

describe('a sweep that comes to grief', () => {
  it.each<[string, { prepare?: (dir: string) => void; searcher?: Searcher<Params> }]>([
    [
      'its searcher throws',
      {
        searcher: {
          suggest: (number) => (number === 1 ? expect.fail('no more') : { params: { x: 0, kind: 'a' } }),
          observe: () => undefined,
        },
      },
    ],
    [
      'a run cannot be made',
      {
        prepare: (dir) => {
          mkdirSync(dir, { recursive: true });
          writeFileSync(join(dir, 'trial-0001'), 'in the way');
        },
      },
    ],
  ])(
    'because %s stops its trials, waits for them, says how they are, and only then gives way',
    async (_, grief) => {
      const options = optionsIn(folder(), {
        concurrency: 2,
        ...(grief.searcher !== undefined && { searcher: grief.searcher }),
      });
      grief.prepare?.(join(options.baseDir, 's'));
      const ended: unknown[] = [];
      const study = sweep(
        SPACE,
        async ({ run, number, signal }) => {
          run.logMetrics({ loss: number }, 0);
          if (!signal.aborted) await once(signal, 'abort');
          await turn();
          ended.push([number, existsSync(join(study.dir, 'run.lock'))]);
        },
        options,
      );
      await expect(study.result).rejects.toThrow();
      expect(ended).toEqual([[0, true]]);
      expect(existsSync(join(study.dir, 'run.lock'))).toBe(false);
      expect(yamlIn(join(study.dir, 'trial-0000'), 'run.yaml')['status']).toBe('INTERRUPTED');
      const { status, trials } = yamlIn(study.dir);
      expect(status).toBe('FAILED');
      expect((trials as { status: string }[]).every((trial) => trial.status === 'interrupted')).toBe(true);
    },
  );

  it.each([undefined, 7, {}, { params: null }])(
    'because its searcher suggests %o says so',
    async (suggested) => {
      const searcher = { suggest: () => suggested as never, observe: () => undefined };
      await expect(sweep(SPACE, square, optionsIn(folder(), { searcher })).result).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        option: 'suggestion',
      });
    },
  );

  it('because nothing can be written down ends its trials all the same', async () => {
    const study = sweep(
      SPACE,
      async ({ run, number, signal }) => {
        run.logMetrics({ loss: number }, 0);
        if (number === 1 && !signal.aborted) await once(signal, 'abort');
        if (number === 1) return;
        await turn();
        rmSync(join(study.dir, 'sweep.journal'), { force: true });
        mkdirSync(join(study.dir, 'sweep.journal'));
      },
      optionsIn(folder(), { concurrency: 2 }),
    );
    await expect(study.result).rejects.toMatchObject({ code: 'EISDIR' });
    expect(existsSync(join(study.dir, 'run.lock'))).toBe(false);
    expect(yamlIn(join(study.dir, 'trial-0001'), 'run.yaml')['status']).toBe('INTERRUPTED');
  });
});

describe('a sweep that is stopped', () => {
  const endless: Train<Params> = async ({ run, number, signal }) => {
    for (let step = 0; !signal.aborted && (step < 3 || number > 1); step++) {
      run.logMetrics({ loss: number + 1 }, step);
      await turn();
    }
  };

  it('resolves with what there is, and goes on where it was when it is asked for again', async () => {
    const options = optionsIn(folder(), { concurrency: 2 });
    const study = sweep(SPACE, endless, options);
    study.events$.subscribe((event) => {
      if (event.kind === 'started' && event.trial.number === 3) study.stop();
    });
    const first = await study.result;
    expect(first.status).toBe('INTERRUPTED');
    expect(first.trials.map(({ status }) => status)).toEqual([
      'finished',
      'finished',
      'interrupted',
      'interrupted',
    ]);
    expect(yamlIn(join(study.dir, 'trial-0002'), 'run.yaml')['status']).toBe('INTERRUPTED');
    expect(yamlIn(study.dir)['status']).toBe('INTERRUPTED');

    const again: number[] = [];
    const resumed = await sweep(
      SPACE,
      (trial) => {
        again.push(trial.number);
        return square(trial);
      },
      options,
    ).result;
    expect(again.sort()).toEqual([2, 3, 4, 5]);
    expect(resumed.status).toBe('FINISHED');
    expect(resumed.trials.map(({ attempt }) => attempt)).toEqual([0, 0, 1, 1, 0, 0]);
    expect(resumed.trials.slice(0, 4).map(({ params }) => params)).toEqual(
      first.trials.map(({ params }) => params),
    );
    const third = await sweep(SPACE, () => expect.fail('nothing is left to try'), options).result;
    expect(third.best).toEqual(resumed.best);
  });

  it('has told its searcher of every trial that had ended before', async () => {
    const told: [unknown, number | null][] = [];
    const searcher = {
      suggest: (trial: number) => ({ params: { x: trial / 10, kind: 'a' as const } }),
      observe: (params: Params, value: number | null) => told.push([params.x, value]),
    };
    const options = optionsIn(folder(), { trials: 3, searcher });
    await sweep(SPACE, square, options).result;
    const first = told.splice(0);
    expect(first).toEqual([0, 0.1, 0.2].map((x) => [x, x ** 2 + 1]));
    await sweep(SPACE, square, { ...options, trials: 4 }).result;
    expect(told).toEqual([...first, [0.3, 0.3 ** 2 + 1]]);
  });

  it.each([
    { name: 'asha', reductionFactor: 2 },
    { name: 'median', minResource: 1, minTrials: 2 },
  ] as const)('still counts what its trials had reported, for $name', async (scheduler) => {
    const options = optionsIn(folder(), { trials: 3, scheduler });
    const steps: number[] = [];
    const train: Train<Params> = ({ run, number, signal }) => {
      for (let step = 0; step < 8 && !signal.aborted; step++) {
        steps[number] = step + 1;
        run.logMetrics({ loss: number < 3 ? 3 - number : 9 }, step);
      }
    };
    await sweep(SPACE, train, options).result;
    expect(steps).toEqual([8, 8, 8]);
    const { trials } = await sweep(SPACE, train, { ...options, trials: 4 }).result;
    expect(trials[3]?.status).toBe('stopped');
    expect(steps[3]).toBe(1);
  });

  it('does not wait for ever for a trial that does not end', async () => {
    const study = sweep(
      SPACE,
      ({ run }) => {
        run.logMetrics({ loss: 1 });
        return new Promise<void>(() => undefined);
      },
      optionsIn(folder(), { graceMs: 1, timeLimitMs: 20 }),
    );
    expect((await study.result).status).toBe('INTERRUPTED');
  });

  it('before any trial has finished has the best of those that were cut off', async () => {
    const study = sweep(
      SPACE,
      async ({ run, number, signal }) => {
        run.logMetrics({ loss: 5 - number }, 3);
        if (number === 1) study.stop();
        if (!signal.aborted) await once(signal, 'abort');
      },
      optionsIn(folder(), { concurrency: 2 }),
    );
    const { status, best, trials } = await study.result;
    expect([status, trials.map((trial) => trial.status)]).toEqual([
      'INTERRUPTED',
      ['interrupted', 'interrupted'],
    ]);
    expect(best).toMatchObject({ number: 1, value: 4, step: 3 });
    expect(yamlIn(study.dir)).toMatchObject({ status: 'INTERRUPTED', best: { trial: 1, value: 4 } });
  });

  it('before any trial has reported anything rejects, and can be resumed', async () => {
    const options = optionsIn(folder());
    const train = (): void => {
      study.stop();
    };
    const study = sweep(SPACE, train, options);
    await expect(study.result).rejects.toMatchObject({
      code: 'SWEEP_FAILED',
      message: expect.stringContaining('before the sweep was stopped') as string,
    });
    expect(yamlIn(study.dir)['status']).toBe('INTERRUPTED');
    expect((await sweep(SPACE, square, options).result).status).toBe('FINISHED');
  });

  it('may have more time than a timer of Node takes', async () => {
    const options = optionsIn(folder(), { trials: 3, timeLimitMs: 30 * 86_400_000, graceMs: Infinity });
    const study = sweep(
      SPACE,
      async ({ run, number, signal }) => {
        run.logMetrics({ loss: number }, 0);
        if (number < 2) return;
        study.stop();
        // After a grace of one millisecond, which Node makes of what it cannot take.
        await delay(1);
        run.logMetrics({ loss: number, late: 1 }, Number(signal.aborted));
      },
      options,
    );
    const { status, trials } = await study.result;
    expect([status, trials.map(({ step }) => step)]).toEqual(['INTERRUPTED', [0, 0, 1]]);
  });

  it('is not taken for another', async () => {
    const options = optionsIn(folder(), { trials: 1 });
    await sweep(SPACE, square, options).result;
    await expect(sweep(SPACE, square, { ...options, seed: 8 }).result).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'seed',
    });
    await expect(
      sweep<typeof SPACE>({ ...SPACE, x: uniform(-1, 2) }, square, options).result,
    ).rejects.toMatchObject({
      option: 'space',
    });
    await expect(sweep(SPACE, square, { ...options, resume: 'never' }).result).rejects.toMatchObject({
      code: 'RUN_EXISTS',
    });
    await expect(
      sweep(SPACE, square, { ...options, name: 'other', resume: 'must' }).result,
    ).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('has one owner at a time', async () => {
    const options = optionsIn(folder());
    const first = sweep(SPACE, endless, options);
    await new Promise((resolve) => first.events$.subscribe(resolve));
    await expect(sweep(SPACE, square, options).result).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    first.stop();
    await first.result.catch(() => undefined);
  });

  it('completes its events although another owner has the sweep', async () => {
    const options = optionsIn(folder());
    const first = sweep(SPACE, endless, options);
    await new Promise((resolve) => first.events$.subscribe(resolve));
    const second = sweep(SPACE, square, options);
    const events = lastValueFrom(second.events$.pipe(toArray()));
    await expect(second.result).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    expect(await events).toEqual([]);
    first.stop();
    await first.result.catch(() => undefined);
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

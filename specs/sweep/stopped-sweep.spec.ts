import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Searcher, type Train, sweep, uniform } from 'expman-rx/sweep';
import { tempFolders } from '../support/temp-folder.js';
import { optionsIn, type Params, SPACE, square, yamlIn } from './small-sweep.js';

const folder = tempFolders('sweep');

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
    expect([first.reused, resumed.reused]).toEqual([0, 2]);
    const third = await sweep(SPACE, () => expect.fail('nothing is left to try'), options).result;
    expect(third.best).toEqual(resumed.best);
  });

  it('says that all its trials are of an earlier session, and how to begin again', async () => {
    const options = optionsIn(folder());
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    try {
      const first = sweep(SPACE, square, options);
      expect((await first.result).reused).toBe(0);
      const { reused, trials } = await sweep(SPACE, square, options).result;
      expect([reused, trials.length]).toEqual([6, 6]);
      // A warning is emitted in the next turn.
      await turn();
      const ofThis = warnings.filter(({ message }) => message.includes(first.dir));
      expect(ofThis.map(({ name, message }) => [name, message])).toEqual([
        [
          'ExpmanWarning',
          `6 of 6 trials taken from sweep.yaml in ${first.dir}, none was run; ` +
            'to begin again, choose another name or delete that folder; to go on, raise trials',
        ],
      ]);
    } finally {
      process.off('warning', onWarning);
    }
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
    { name: 'median', warmupReports: 0, minTrials: 2 },
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
    const grid = { ...options, name: 'grid', searcher: 'grid', trials: 4 } as const;
    await sweep(SPACE, square, { ...grid, searcherOptions: { gridSteps: 3 } }).result;
    await expect(
      sweep(SPACE, square, { ...grid, searcherOptions: { gridSteps: 4 } }).result,
    ).rejects.toMatchObject({ code: 'INVALID_OPTION', option: 'searcherOptions.gridSteps' });
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
    expect(await events).toMatchObject([{ kind: 'ended', status: 'FAILED', error: { code: 'RUN_LOCKED' } }]);
    first.stop();
    await first.result.catch(() => undefined);
  });
});

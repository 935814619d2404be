import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Observable, interval, lastValueFrom, map, range, take, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { RunStatus } from 'expman-rx';
import { type Train, sweep } from 'expman-rx/sweep';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';
import { optionsIn, type Params, SPACE, square, yamlIn } from './small-sweep.js';

const folder = tempFolders('sweep');

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

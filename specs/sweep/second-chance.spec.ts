import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SweepOptions, type Train, sweep } from 'expman-rx/sweep';
import { nodeFs } from '../../src/storage/node-fs.js';
import { appendToJournal, lineOf } from '../../src/sweep/sweep-file.js';
import { tempFolders } from '../support/temp-folder.js';
import { warningsOf } from '../support/warnings-of.js';
import { optionsIn, type Params, SPACE, square, yamlIn } from './small-sweep.js';

const folder = tempFolders('second-chance');
const failing: Train<Params> = ({ run, number }) => {
  run.logMetrics({ loss: number }, 0);
  throw new Error(`bug in ${number}`);
};
const statusesOf = async (options: SweepOptions<Params>, train: Train<Params>): Promise<string[]> =>
  (await sweep(SPACE, train, options).result).trials.map(({ status, attempt }) => `${status} ${attempt}`);

describe('a sweep whose trials failed', () => {
  it('says how they are tried again, and tries them when it is asked to', async () => {
    const options = optionsIn(folder(), { trials: 3 });
    for (let session = 0; session < 2; session++)
      await expect(sweep(SPACE, failing, options).result).rejects.toMatchObject({
        code: 'SWEEP_FAILED',
        count: 3,
        message: expect.stringMatching(
          /one of them: bug in 0; 3 trials failed.* retryFailed: true/,
        ) as string,
      });
    expect(await statusesOf({ ...options, retryFailed: true }, square)).toEqual([
      'finished 1',
      'finished 1',
      'finished 1',
    ]);
  });

  it('more of them than it may goes on once they are tried again', async () => {
    const options = optionsIn(folder(), { trials: 4, maxFailures: 1 });
    await expect(sweep(SPACE, failing, options).result).rejects.toThrow(/2 trials failed, more than 1/);
    await expect(sweep(SPACE, square, options).result).rejects.toThrow(/retryFailed: true/);
    expect(await statusesOf({ ...options, retryFailed: true }, square)).toEqual([
      'finished 1',
      'finished 1',
      'finished 0',
      'finished 0',
    ]);
  });

  it('tries them once more in each session that is asked to, with the retries of that session', async () => {
    const options = optionsIn(folder(), { trials: 1, retries: 1 });
    await expect(sweep(SPACE, failing, options).result).rejects.toThrow();
    await expect(sweep(SPACE, failing, { ...options, retryFailed: true }).result).rejects.toThrow();
    expect(yamlIn(join(options.baseDir, 's'))['trials']).toMatchObject([
      { status: 'failed', attempt: 3, failures: 2 },
    ]);
  });

  it('keeps the promise of another attempt over a stop', async () => {
    const options = optionsIn(folder(), { trials: 2, retries: 1 });
    const study = sweep(
      SPACE,
      (trial) => {
        if (trial.number === 1) throw new Error('flaky');
        return square(trial);
      },
      options,
    );
    const promised: boolean[] = [];
    study.events$.subscribe((event) => {
      if (event.kind !== 'failed') return;
      promised.push(event.willRetry);
      study.stop();
    });
    expect((await study.result).status).toBe('INTERRUPTED');
    expect(promised).toEqual([true]);
    expect(await statusesOf(options, square)).toEqual(['finished 0', 'finished 1']);
  });

  it('does not count the attempts that were cut off', async () => {
    const options = optionsIn(folder(), { trials: 1, retries: 1 });
    const first = sweep(
      SPACE,
      ({ run }) => {
        run.logMetrics({ loss: 1 });
        first.stop();
      },
      options,
    );
    await first.result;
    // As three kills leave it.
    for (let attempt = 1; attempt < 4; attempt++)
      appendToJournal(
        nodeFs,
        first.dir,
        lineOf({
          trial: 0,
          attempt,
          status: 'running',
          run: `trial-0000.${attempt}`,
          params: { x: 0.5, kind: 'a' },
          value: null,
          step: null,
        }),
      );
    const train: Train<Params> = (trial) => {
      if (trial.attempt === 4) throw new Error('the first failure');
      return square(trial);
    };
    expect(await statusesOf(options, train)).toEqual(['finished 5']);
  });
});

describe('a folder with rows of something else', () => {
  it('is never continued as a trial', async () => {
    const options = optionsIn(folder(), { trials: 4 });
    await sweep(SPACE, square, options).result;
    const dir = join(options.baseDir, 's');
    const before = yamlIn(join(dir, 'trial-0000'), 'run.yaml');
    rmSync(join(dir, 'sweep.yaml'));
    for (const resume of ['never', 'allow'] as const)
      await expect(sweep(SPACE, square, { ...options, resume, seed: 8 }).result).rejects.toMatchObject({
        code: 'RUN_EXISTS',
        path: join(dir, 'trial-0000'),
        message: expect.stringMatching(
          /4 runs of trials .trial-0000, trial-0001, trial-0002, ….*choose another name/,
        ) as string,
      });
    expect(yamlIn(join(dir, 'trial-0000'), 'run.yaml')).toEqual(before);
  });

  it('that appears while the sweep runs is not continued either', async () => {
    const options = optionsIn(folder(), { trials: 2 });
    const study = sweep(
      SPACE,
      (trial) => {
        mkdirSync(join(study.dir, 'trial-0001'), { recursive: true });
        return square(trial);
      },
      options,
    );
    await expect(study.result).rejects.toMatchObject({ code: 'RUN_EXISTS' });
  });

  it('is told of when only a journal is left', async () => {
    const options = optionsIn(folder());
    mkdirSync(join(options.baseDir, 's'));
    writeFileSync(join(options.baseDir, 's/sweep.journal'), '');
    await expect(sweep(SPACE, square, options).result).rejects.toMatchObject({ code: 'RUN_EXISTS' });
  });
});

describe('a grid', () => {
  it('runs whole, unless trials says otherwise, which it tells', async () => {
    const options = optionsIn(folder(), { searcher: 'grid', searcherOptions: { gridSteps: 12 } });
    const { trials: cut, ...whole } = options;
    const warnings = await warningsOf(async () => {
      expect((await sweep(SPACE, square, options).result).trials).toHaveLength(cut ?? 0);
    });
    expect(warnings).toEqual([expect.stringMatching(/^6 of the 24 combinations of the grid/)]);
    expect(
      await warningsOf(async () => {
        expect((await sweep(SPACE, square, whole).result).trials).toHaveLength(24);
      }),
    ).toEqual([]);
  });
});

describe('a sweep that nobody asks for its result', () => {
  it('says that it has failed, and completes its events with the error', async () => {
    const options = optionsIn(folder());
    mkdirSync(join(options.baseDir, 's'));
    writeFileSync(join(options.baseDir, 's/sweep.yaml'), 'status: RUN');
    const kinds: unknown[] = [];
    const warnings = await warningsOf(
      () =>
        new Promise<void>((resolve) => {
          sweep(SPACE, square, options).events$.subscribe({
            next: (event) => kinds.push(event),
            complete: () => setImmediate(resolve),
          });
        }),
    );
    expect(kinds).toMatchObject([{ kind: 'ended', status: 'FAILED', error: { code: 'CORRUPT' } }]);
    expect(warnings).toEqual([expect.stringMatching(/^the sweep in .* has failed: .*truncated/)]);
  });
});

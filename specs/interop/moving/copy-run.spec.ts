import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { copyRun } from 'expman-rx/interop';
import { inspectRun, openExperiments, openRun, readMedia, recoverRun } from 'expman-rx/reader';
import { logged } from '../../cli/three-runs.js';
import { runChild } from '../../support/child.js';
import { expmanHere } from '../../support/cli-here.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('copy');

/** The names and bytes below a folder, as one text. */
const bytesBelow = (dir: string): string =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(dir, name);
      const isFile = statSync(path).isFile();
      return `${name} ${isFile ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''}`;
    })
    .join('\n');

const listed = async (dir: string) => {
  const { runs, unreadable } = await openExperiments(dir, { cacheDir: null }).list();
  expect(unreadable).toEqual([]);
  return runs.map(({ experiment, run, rows }) => `${experiment}/${run} ${rows}`);
};

/** A closed run with everything a run may have. */
async function fullRun(base: string): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('exp', base, { runName: 'full', systemMetrics: true, tags: ['a'], notes: 'n' }),
  );
  run.logParams({ lr: 0.1 });
  for (let step = 0; step < 50; step++) run.logMetrics({ loss: 1 / (step + 1), é: NaN }, step);
  run.logTable('table', [{ a: 1 }], 3);
  await run.saveArtifact('weights.bin', new Uint8Array([1, 2, 3]));
  run.summary({ score: 0.5 }, { headline: true });
  run.logger.info('hello');
  await run.close();
  return run.runDir;
}

describe('copyRun', () => {
  it('makes a run of its own that holds everything, and leaves the original as it was', async () => {
    const base = folder();
    const from = await fullRun(base);
    const before = bytesBelow(from);
    const original = await inspectRun(from);
    const copied = await copyRun(from, { experiment: 'other' });
    expect(copied).toMatchObject({ from, experiment: 'other', run: 'full', recovered: false, skipped: [] });
    expect(copied.uuid).not.toBe(original.identity.uuid);
    expect(bytesBelow(from)).toBe(before);
    const info = await inspectRun(copied.runDir);
    const names = { experiment: 'other', uuid: copied.uuid };
    expect({ ...info, runDir: '', files: [] }).toEqual({
      ...{ ...original, runDir: '', files: [] },
      identity: {
        ...{ ...original.identity, ...names },
        copiedFrom: {
          uuid: original.identity.uuid,
          experiment: 'exp',
          run: 'full',
          at: expect.any(String) as string,
        },
      },
    });
    expect(await openRun(copied.runDir).points('loss')).toEqual(await openRun(from).points('loss'));
    expect((await readMedia(copied.runDir)).map(({ name }) => name)).toEqual(['table']);
    // A uuid that looks like a number is quoted.
    expect(readFileSync(join(copied.runDir, 'run.yaml'), 'utf8').replaceAll('"', '')).toContain(
      `copiedFrom:\n  uuid: ${original.identity.uuid}\n  experiment: exp\n  run: full\n`,
    );
    expect(await expmanHere('verify', base)).toMatchObject({ exit: 0 });
    expect((await expmanHere('doctor', base)).stdout).not.toContain('more than once');
  });

  it('goes on by itself when it is resumed', async () => {
    const base = folder();
    const from = await fullRun(base);
    const { runDir } = await copyRun(from, { runName: 'more' });
    const config = new ExperimentConfig('exp', base, {
      ...{ runName: 'more', resume: 'must', systemMetrics: true },
    });
    const run = new LoggingEngine(config);
    run.logMetrics({ loss: 7 }, 50);
    await run.close();
    expect(await listed(base)).toEqual(['exp/full 50', 'exp/more 51']);
    expect((await openRun(runDir).points('loss')).at(-1)?.value).toBe(7);
    expect(await expmanHere('verify', base)).toMatchObject({ exit: 0 });
    expect(readdirSync(runDir).filter((name) => name.includes('corrupt'))).toEqual([]);
  });

  it('recovers the copy of a run that was cut off, and not the run', async () => {
    const base = folder();
    const code =
      "const run = open(); for (let i = 0; i < 5; i++) run.logMetrics({ loss: i }, i); await run.flush(); process.kill(process.pid, 'SIGKILL');";
    const { runDir: from } = await runChild(base, code);
    const before = bytesBelow(from);
    const { runDir, recovered } = await copyRun(from, { experiment: 'other' });
    expect(recovered).toBe(true);
    expect(bytesBelow(from)).toBe(before);
    const copy = await inspectRun(runDir);
    expect(copy).toMatchObject({ status: 'CRASHED', rows: 5, publishedRows: 5, owner: 'free', lost: 0 });
    await recoverRun(from);
    const original = await inspectRun(from);
    expect(copy).toMatchObject({ durationMs: original.durationMs, endedAt: original.endedAt });
    expect(await expmanHere('verify', base)).toMatchObject({ exit: 0 });
  });

  it('refuses a run that is open, a name that is taken, and what is damaged', async () => {
    const base = folder();
    const from = await logged(base, 'one', 0.1);
    await expect(copyRun(from, {})).rejects.toMatchObject({ code: 'RUN_EXISTS' });
    expect(await copyRun(from, { whenTaken: 'suffix' })).toMatchObject({ run: 'one_2' });
    const open = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'open' }));
    await expect(copyRun(open.runDir, { experiment: 'x' })).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    await open.close();
    truncateSync(join(from, 'metrics.parquet'), 100);
    await expect(copyRun(from, { experiment: 'x' })).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(readdirSync(base)).toEqual(['exp']);
    expect(readdirSync(join(base, 'exp')).sort()).toEqual(['experiment.yaml', 'one', 'one_2', 'open']);
  });

  it('copies no link, and says so', async () => {
    const [base, elsewhere] = [folder(), folder()];
    const from = await logged(base, 'one', 0.1);
    symlinkSync(elsewhere, join(from, 'artifacts'));
    symlinkSync('/etc/passwd', join(from, 'secret'));
    const { runDir, skipped } = await copyRun(from, { experiment: 'other' });
    expect(skipped).toEqual(['artifacts', 'secret']);
    expect(readdirSync(runDir)).not.toContain('secret');
    symlinkSync(from, join(base, 'exp/linked'));
    await expect(copyRun(join(base, 'exp/linked'), { experiment: 'x' })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    });
    for (const experiment of ['..', 'a/b', '/tmp/x', ''])
      await expect(copyRun(from, { experiment })).rejects.toMatchObject({ code: 'INVALID_NAME' });
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { copyRun, moveRun, renameRun } from 'expman-rx/interop';
import { openRun } from 'expman-rx/reader';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('move-forks');

/** A run of ten rows, and a fork of it from step 5 on. */
async function forked(base: string): Promise<{ readonly parent: string; readonly fork: string }> {
  const of = async (runName: string, from?: string): Promise<string> => {
    const options = { runName, environment: false, ...(from !== undefined && { fork: { from, step: 4 } }) };
    const run = new LoggingEngine(new ExperimentConfig('exp', base, options));
    for (let step = from === undefined ? 0 : 5; step < 10; step++)
      run.logMetrics({ loss: from === undefined ? step : -step }, step);
    await run.close();
    return run.runDir;
  };
  const parent = await of('parent');
  return { parent, fork: await of('fork', parent) };
}

const curve = async (runDir: string): Promise<number[]> =>
  (await openRun(runDir).points('loss')).map(({ value }) => value);

const WHOLE = [0, 1, 2, 3, 4, -5, -6, -7, -8, -9];

describe('a fork', () => {
  it('keeps its beginning wherever it and its parent are moved below their folder', async () => {
    const { parent, fork } = await forked(folder());
    expect(await curve(fork)).toEqual(WHOLE);
    const moved = await moveRun(fork, { experiment: 'other' });
    await renameRun(parent, 'renamed');
    expect(await curve(moved.runDir)).toEqual(WHOLE);
    const copied = await copyRun(moved.runDir, { runName: 'copied' });
    expect(await curve(copied.runDir)).toEqual(WHOLE);
  });

  it('takes a copy of its parent along to another folder', async () => {
    const base = folder();
    const { parent, fork } = await forked(base);
    const copied = await copyRun(fork, { dir: folder() });
    expect(await curve(copied.runDir)).toEqual(WHOLE);
    const away = folder();
    await expect(moveRun(parent, { dir: away })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining(join(base, 'exp/fork')) as string,
    });
    const moved = await moveRun(fork, { dir: away });
    await moveRun(parent, { dir: folder() });
    expect(await curve(moved.runDir)).toEqual(WHOLE);
  });
});

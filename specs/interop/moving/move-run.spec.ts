import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { moveRun, renameRun } from 'expman-rx/interop';
import { inspectRun, openExperiments, openRun } from 'expman-rx/reader';
import { logged } from '../../cli/three-runs.js';
import { runChild } from '../../support/child.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('move');

const listed = async (dir: string) => {
  const { runs, unreadable } = await openExperiments(dir, { cacheDir: null }).list();
  expect(unreadable).toEqual([]);
  return runs.map(({ experiment, run, rows }) => `${experiment}/${run} ${rows}`);
};

/** The folder of a run that was killed with rows in its log alone. */
async function cutOff(base: string): Promise<string> {
  const code =
    "const run = open(); run.logParams({ lr: 1 }); for (let i = 0; i < 5; i++) run.logMetrics({ loss: i }, i); await run.flush(); process.kill(process.pid, 'SIGKILL');";
  return (await runChild(base, code)).runDir;
}

describe('moveRun', () => {
  it('puts a run into another experiment, with its rows, its uuid and its new names', async () => {
    const base = folder();
    const from = await logged(base, 'one', 0.1);
    const { identity } = await inspectRun(from);
    const moved = await moveRun(from, { experiment: 'other', runName: 'best' });
    const runDir = join(base, 'other/best');
    expect(moved).toEqual({
      ...{ from, runDir, experiment: 'other', run: 'best', uuid: identity.uuid },
      ...{ recovered: false, copied: false },
    });
    expect(await listed(base)).toEqual(['other/best 20']);
    const after = await inspectRun(runDir);
    expect(after.identity).toEqual({ ...identity, experiment: 'other', run: 'best' });
    expect(after.params).toMatchObject({ lr: 0.1 });
    expect(await openRun(runDir).points('loss')).toHaveLength(20);
    expect(readdirSync(join(base, 'other')).sort()).toEqual(['best', 'experiment.yaml']);
    expect(readdirSync(runDir).filter((name) => name.startsWith('.') || name === 'run.lock')).toEqual([]);
  });

  it('goes to another folder of experiments, and can be resumed there', async () => {
    const [base, elsewhere] = [folder(), folder()];
    const { runDir } = await moveRun(await logged(base, 'one', 0.1), { dir: join(elsewhere, 'new') });
    expect(runDir).toBe(join(elsewhere, 'new/exp/one'));
    const config = new ExperimentConfig('exp', join(elsewhere, 'new'), {
      ...{ runName: 'one', resume: 'must', environment: false },
    });
    const run = new LoggingEngine(config);
    run.logMetrics({ loss: 0 }, 20);
    await run.close();
    expect(await listed(join(elsewhere, 'new'))).toEqual(['exp/one 21']);
  });

  it('takes a name that is taken only with a number, if it is told to', async () => {
    const base = folder();
    const [one, other] = [await logged(base, 'one', 0.1), await logged(base, 'one', 0.2, 'other')];
    await expect(moveRun(one, { experiment: 'other' })).rejects.toMatchObject({ code: 'RUN_EXISTS' });
    expect(await listed(base)).toEqual(['exp/one 20', 'other/one 20']);
    const { run } = await moveRun(one, { experiment: 'other', whenTaken: 'suffix' });
    expect(run).toBe('one_2');
    expect(await listed(base)).toEqual(['other/one 20', 'other/one_2 20']);
    expect((await inspectRun(other)).params).toMatchObject({ lr: 0.2 });
  });

  it('never moves a run that is open', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'open' }));
    await expect(moveRun(run.runDir, { experiment: 'other' })).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    expect(existsSync(join(base, 'other'))).toBe(false);
    run.logMetrics({ loss: 1 }, 0);
    await run.close();
    expect(await listed(base)).toEqual(['exp/open 1']);
  });

  it('recovers a run that was cut off first, and says so', async () => {
    const base = folder();
    const moved = await moveRun(await cutOff(base), { experiment: 'other', runName: 'killed' });
    expect(moved).toMatchObject({ recovered: true, run: 'killed' });
    const info = await inspectRun(moved.runDir);
    expect(info).toMatchObject({ status: 'CRASHED', rows: 5, publishedRows: 5, owner: 'free' });
  });

  it('leaves a run whose place cannot be made where it was', async () => {
    const base = folder();
    const from = await logged(base, 'one', 0.1);
    const before = readFileSync(join(from, 'run.yaml'), 'utf8');
    writeFileSync(join(base, 'file'), '');
    const elsewhere = folder();
    symlinkSync(elsewhere, join(base, 'link'));
    const inRun = [from, join(from, 'x'), join(from, 'run.yaml')].map((dir) => ({ dir }));
    const noFolder = [{ experiment: 'file' }, { experiment: 'link' }, { dir: join(base, 'file') }];
    // It would be where no listing finds it.
    const inExperiment = { dir: join(base, 'exp'), experiment: 'x' };
    for (const options of [...inRun, ...noFolder, inExperiment])
      await expect(moveRun(from, options)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    for (const experiment of ['..', '../x', '/tmp/x', 'a/b', '', '.', 'con', 'a\u0000b', '-rf ', '\u202e'])
      await expect(moveRun(from, { experiment })).rejects.toMatchObject({ code: 'INVALID_NAME' });
    for (const name of ['..', '../one', 'a/b', '.hidden', '', 'nul'])
      await expect(renameRun(from, name)).rejects.toMatchObject({ code: 'INVALID_NAME' });
    await expect(moveRun(from, {})).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(readFileSync(join(from, 'run.yaml'), 'utf8')).toBe(before);
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(await listed(base)).toEqual(['exp/one 20']);
  });

  it('follows no link to a run, and takes no folder without a run.yaml for a run', async () => {
    const [base, elsewhere] = [folder(), folder()];
    const secret = await logged(elsewhere, 'secret', 1);
    mkdirSync(join(base, 'exp/plain'), { recursive: true });
    symlinkSync(secret, join(base, 'exp/linked'));
    await expect(moveRun(join(base, 'exp/linked'), { experiment: 'x' })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    });
    for (const path of [join(base, 'exp/plain'), join(base, 'exp/none')])
      await expect(moveRun(path, { experiment: 'x' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    symlinkSync(join(secret, 'run.yaml'), join(base, 'exp/plain/run.yaml'));
    await expect(moveRun(join(base, 'exp/plain'), { experiment: 'x' })).rejects.toMatchObject({
      code: 'CORRUPT',
    });
    expect(existsSync(join(base, 'x'))).toBe(false);
    expect(await listed(elsewhere)).toEqual(['exp/secret 20']);
  });

  it('takes the links in a run along without following them', async () => {
    const [base, elsewhere] = [folder(), folder()];
    writeFileSync(join(elsewhere, 'secret'), 'kept');
    const from = await logged(base, 'one', 0.1);
    symlinkSync(elsewhere, join(from, 'artifacts'));
    const { runDir } = await moveRun(from, { experiment: 'other' });
    expect(readdirSync(runDir)).toContain('artifacts');
    expect(readFileSync(join(elsewhere, 'secret'), 'utf8')).toBe('kept');
  });

  it('takes no trial out of its sweep, and puts no run into one under the name of a trial', async () => {
    const base = folder();
    const trial = await logged(base, 'trial-0000', 0.1, 'swept');
    const sweep = `status: FINISHED
space: {}
metric: loss
mode: min
value: last
seed: 1
searcher: random
scheduler: none
best: null
trials:
  - trial: 0
    attempt: 0
    status: finished
    run: trial-0000
    params: {}
    value: 1
    step: null
# end
`;
    writeFileSync(join(base, 'swept/sweep.yaml'), sweep);
    await expect(moveRun(trial, { experiment: 'other' })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining('is trial 0 of the sweep') as string,
    });
    const one = await logged(base, 'one', 0.1);
    await expect(moveRun(one, { experiment: 'swept', runName: 'trial-0001' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    const { runDir } = await moveRun(one, { experiment: 'swept' });
    expect(basename(runDir)).toBe('one');
    // A run that only has such a name.
    rmSync(join(base, 'swept/sweep.yaml'));
    expect(await renameRun(trial, 'free')).toMatchObject({ run: 'free' });
  });
});

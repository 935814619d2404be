import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { runChild } from '../support/child.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { json, type Listed, logged, threeRuns } from './three-runs.js';

const folder = tempFolders('cli-reading');

describe('expman tag and note', () => {
  it('change what a closed run says of itself, and nothing of one that is open', async () => {
    const { base, dirs } = await threeRuns(folder());
    expect(await expman('tag', dirs[0] ?? '', '--add', 'good,great', '--remove', 'low')).toMatchObject({
      exit: 0,
    });
    expect(await expman('note', dirs[0] ?? '', 'first')).toMatchObject({ exit: 0 });
    expect(await expman('note', dirs[0] ?? '', 'second', '--append')).toMatchObject({ exit: 0 });
    expect(json(await expman('list', dirs[0] ?? '', '--json'))).toMatchObject([
      { tags: ['good', 'great'], notes: 'first\nsecond', rows: 20, metrics: { loss: { count: 20 } } },
    ]);
    expect(await expman('verify', dirs[0] ?? '')).toMatchObject({ exit: 0 });
    expect(await expman('tag', dirs[0] ?? '', '--add', 'x'.repeat(200))).toMatchObject({ exit: 2 });
    const run = new LoggingEngine(new ExperimentConfig('exp', base));
    expect(await expman('tag', run.runDir, '--add', 'x')).toMatchObject({ exit: 4 });
    expect((await run.close()).status).toBe('FINISHED');
  });
});

describe('expman clean', () => {
  it('says what it would delete, and does it when it is told to', async () => {
    const { base, dirs } = await threeRuns(folder());
    await logged(base, 'lone', 1, 'other');
    const dry = json(await expman('clean', base, '--keep', '1', '--json'));
    expect(dry).toMatchObject({ dryRun: true, kept: 2 });
    expect(dirs.every((runDir) => existsSync(runDir))).toBe(true);
    const done = json(await expman('clean', base, '--keep', '1', '--force', '--json')) as {
      readonly deleted: readonly Listed[];
    };
    expect(done).toMatchObject({ dryRun: false, kept: 2, failed: [] });
    expect(done.deleted.map(({ run }) => run).sort()).toEqual(['one', 'two']);
    expect(readdirSync(join(base, 'exp'))).toEqual(expect.arrayContaining(['three', 'experiment.yaml']));
    expect(readdirSync(join(base, 'exp'))).not.toContain('one');
    expect(readdirSync(join(base, 'other'))).toContain('lone');
  });

  it('deletes no run that is open, no link, and nothing that is no run', async () => {
    const [base, elsewhere] = [folder(), folder()];
    const secret = await logged(elsewhere, 'secret', 1);
    const runDir = await logged(base, 'one', 1);
    mkdirSync(join(base, 'exp/not-a-run'));
    symlinkSync(secret, join(base, 'exp/linked'));
    symlinkSync(secret, join(runDir, 'artifacts'));
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'open' }));
    expect(await expman('clean', base, '--keep', '0', '--force')).toMatchObject({ exit: 0 });
    expect(readdirSync(join(base, 'exp')).sort()).toEqual(['experiment.yaml', 'linked', 'not-a-run', 'open']);
    expect(existsSync(join(secret, 'metrics.parquet'))).toBe(true);
    await run.close();
  });

  it('goes by age and filter, and wants to be told which', async () => {
    const { base } = await threeRuns(folder());
    expect(await expman('clean', base, '--force')).toMatchObject({ exit: 1 });
    expect(json(await expman('clean', base, '--older-than', '1d', '--force', '--json'))).toMatchObject({
      deleted: [],
    });
    const end = json(await expman('clean', base, '--where', 'params.lr = 0.1', '--force', '--json'));
    expect(end).toMatchObject({ deleted: [{ run: 'two' }], kept: 2 });
  });
});

describe('expman reap and doctor', () => {
  it('find a run that has lost its process, and bring it to its end', async () => {
    const base = folder();
    const code =
      "const run = open(); run.logMetrics({ a: 1 }, 0); await run.flush(); process.kill(process.pid, 'SIGKILL');";
    const { runDir } = await runChild(base, code);
    expect((await expman('doctor', base)).stdout).toMatch(/1 run whose process has died: /);
    expect(json(await expman('reap', base, '--json'))).toMatchObject({
      recovered: [{ runDir, status: 'CRASHED' }],
    });
    expect(json(await expman('reap', base, '--json'))).toEqual({ recovered: [], failed: [] });
    const { exit, stdout } = await expman('doctor', base);
    expect(exit).toBe(0);
    expect(stdout).not.toContain('lost their process');
  });

  it('say what is wrong with a folder', async () => {
    const base = folder();
    mkdirSync(join(base, 'exp/broken'), { recursive: true });
    writeFileSync(join(base, 'exp/broken/run.yaml'), '');
    expect(await expman('doctor', base)).toMatchObject({ exit: 2 });
    expect(await expman('doctor', join(base, 'nope'))).toMatchObject({ exit: 2 });
  });
});

describe('expman completion', () => {
  it.each(['bash', 'zsh', 'fish'])('knows every command in %s', async (shell) => {
    const { exit, stdout } = await expman('completion', shell);
    expect(exit).toBe(0);
    for (const name of ['list', 'query', 'unarchive']) expect(stdout).toContain(name);
  });

  it('knows no other shell', async () => {
    expect(await expman('completion', 'tcsh')).toMatchObject({ exit: 1 });
  });
});

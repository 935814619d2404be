import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { json, logged, names, threeRuns } from './three-runs.js';

const folder = tempFolders('cli-moving');

describe('expman mv', () => {
  it('moves runs to the experiment that is named last, by name or by path', async () => {
    const { base, dirs } = await threeRuns(folder());
    const [one = '', two = '', three = ''] = dirs;
    const { exit, stdout } = await expman('mv', one, two, 'other');
    expect(exit).toBe(0);
    expect(stdout).toBe(`${join(base, 'other/one')}\n${join(base, 'other/two')}\n`);
    const elsewhere = join(folder(), 'new/exp');
    const moved = json(await expman('mv', three, elsewhere, '--run-name', 'best', '--json'));
    expect(moved).toMatchObject({
      moved: [{ from: three, runDir: join(elsewhere, 'best'), recovered: false, copied: false }],
      failed: [],
    });
    expect(names(await expman('list', base, '--json'))).toEqual(['one', 'two']);
    expect(await expman('verify', base, join(elsewhere, '..'))).toMatchObject({ exit: 0 });
  });

  it('checks all runs before it moves the first', async () => {
    const { base, dirs } = await threeRuns(folder());
    const twin = await logged(base, 'one', 1, 'another');
    const [one = '', two = ''] = dirs;
    expect(await expman('mv', one, join(base, 'exp/none'), 'other')).toMatchObject({ exit: 2 });
    const { stderr } = await expman('mv', join(base, 'exp'), 'other');
    expect(stderr).toContain(`it is an experiment; name runs of it, such as ${join(base, 'exp')}`);
    expect(await expman('mv', two, one, twin, 'other')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('RUN_EXISTS') as string,
    });
    const open = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'open' }));
    expect(await expman('mv', one, open.runDir, 'other')).toMatchObject({ exit: 4 });
    await open.close();
    expect(existsSync(join(base, 'other'))).toBe(false);
    expect(await expman('mv', one, twin, 'other', '--suffix')).toMatchObject({ exit: 0 });
    expect(readdirSync(join(base, 'other')).sort()).toEqual(['experiment.yaml', 'one', 'one_2']);
  });

  it('wants runs and an experiment, and one name for one run', async () => {
    const { dirs } = await threeRuns(folder());
    const [one = '', two = ''] = dirs;
    expect(await expman('mv')).toMatchObject({ exit: 1 });
    expect(await expman('mv', one)).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('usage: expman mv RUN... EXPERIMENT [OPTIONS]') as string,
    });
    expect(await expman('mv', one, two, 'x', '--run-name', 'y')).toMatchObject({ exit: 1 });
    // A new name after the path of an experiment would be a run that no listing finds.
    expect(await expman('mv', one, join(one, '../new'))).toMatchObject({ exit: 2 });
    for (const bad of ['-x', 'a\u001b[31m']) expect((await expman('mv', one, '--', bad)).exit).not.toBe(0);
    expect(existsSync(one)).toBe(true);
  });
});

describe('expman rename', () => {
  it('gives a run another name', async () => {
    const { base, dirs } = await threeRuns(folder());
    expect(await expman('rename', dirs[0] ?? '', 'best')).toMatchObject({ exit: 0 });
    expect(names(await expman('list', base, '--json'))).toEqual(['best', 'three', 'two']);
    expect(await expman('rename', dirs[1] ?? '', 'best')).toMatchObject({ exit: 2 });
    expect(await expman('rename', dirs[1] ?? '', '../x')).toMatchObject({ exit: 2 });
  });
});

describe('expman cp', () => {
  it('copies runs, each with a uuid of its own', async () => {
    const { base, dirs } = await threeRuns(folder());
    const [one = '', two = ''] = dirs;
    const { copied } = json(await expman('cp', one, two, 'other', '--json')) as {
      readonly copied: readonly { readonly uuid: string; readonly runDir: string }[];
    };
    expect(copied.map(({ runDir }) => runDir)).toEqual([join(base, 'other/one'), join(base, 'other/two')]);
    const uuids = json(await expman('list', base, '--json')) as readonly { readonly uuid: string }[];
    expect(new Set(uuids.map(({ uuid }) => uuid)).size).toBe(5);
    expect(await expman('cp', one, 'exp')).toMatchObject({ exit: 2 });
    expect(await expman('cp', one, 'exp', '--run-name', 'again')).toMatchObject({ exit: 0 });
    expect(await expman('verify', base)).toMatchObject({ exit: 0 });
  });
});

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRun } from '../../../dist/modules/dashboard/data/find-run.js';
import { listRuns } from '../../../dist/modules/reader/run-index.js';
import { nodeFs } from '../../../dist/modules/storage/node-fs.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('find-run');

/** Folders as runs make them, and others that look like them. */
function tree(): string {
  const base = join(folder(), 'base');
  for (const run of ['exp/one', 'exp/two', 'other/one', 'other/deep/er', 'top'])
    mkdirSync(join(base, run), { recursive: true });
  mkdirSync(join(base, 'exp/empty'));
  for (const run of ['exp/one', 'exp/two', 'other/one', 'other/deep/er', 'top', 'top/inner']) {
    mkdirSync(join(base, run), { recursive: true });
    writeFileSync(join(base, run, 'run.yaml'), '');
  }
  symlinkSync(join(base, 'exp/one'), join(base, 'exp/link'));
  symlinkSync(join(base, 'exp'), join(base, 'linked'));
  mkdirSync(join(base, 'exp/odd/run.yaml'), { recursive: true });
  return base;
}

describe('a run of the dashboard', () => {
  it('is found by its name where a listing finds it, and nowhere else', () => {
    const base = tree();
    const names = ['base', 'exp', 'other', 'top', 'linked', 'one', 'two', 'deep', 'er', 'inner', 'link'];
    const ids = [...names, 'empty', 'odd'].flatMap((experiment) =>
      names.map((run) => `${experiment}/${run}`),
    );
    for (const dir of ['', 'exp', 'other', 'exp/one', 'top', 'exp/empty', 'exp/gone'].map((path) =>
      join(base, path),
    )) {
      const listed = listRuns(nodeFs, dir, null).unreadable.map(
        ({ experiment, run }) => `${experiment}/${run}`,
      );
      expect([dir, ids.filter((id) => findRun(dir, id) !== null)]).toEqual([
        dir,
        ids.filter((id) => listed.includes(id)),
      ]);
    }
  });

  it('is not found by a path that leads elsewhere, or by what is not a name', () => {
    const base = tree();
    const dir = join(base, 'exp');
    const ids = [
      '../exp',
      'exp/..',
      './one',
      '../other/one',
      '/one',
      'one',
      '',
      '/',
      'exp/one/',
      'exp/\0',
      `exp/${'x'.repeat(5000)}`,
    ];
    expect(ids.filter((id) => findRun(dir, id) !== null || findRun(base, id) !== null)).toEqual([]);
  });
});

import { existsSync } from 'node:fs';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { describe, expect, it } from 'vitest';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('forks');

/** Makes a run of one row, forked from another one. */
async function made(base: string, runName: string, from?: string): Promise<string> {
  const fork = from === undefined ? {} : { fork: { from, step: 0 } };
  const run = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName, ...fork }));
  run.logMetrics({ loss: 1 }, 0);
  await run.close();
  return run.runDir;
}

interface Cleaned {
  readonly deleted: readonly { readonly run: string }[];
  readonly spared: readonly { readonly runDir: string; readonly forks: readonly string[] }[];
}
const clean = async (base: string, where: string): Promise<Cleaned> =>
  JSON.parse((await expmanHere('clean', base, '--where', where, '--force', '--json')).stdout) as Cleaned;

describe('clean', () => {
  it('leaves a run from which others were forked, and says so', async () => {
    const base = folder();
    const first = await made(base, 'a');
    const second = await made(base, 'b', first);
    const third = await made(base, 'c', second);
    const shown = await expmanHere('clean', base, '--where', 'run = a');
    expect(shown.stdout).toMatch(/would delete 0 of 3 runs/);
    expect(shown.stderr).toMatch(/exp\/a stays: .*exp\/b was forked from it/);
    const { deleted, spared } = await clean(base, 'run = a or run = b');
    expect(deleted).toEqual([]);
    expect(spared).toEqual([
      { runDir: second, forks: [third] },
      { runDir: first, forks: [second] },
    ]);
    expect([first, second, third].every((runDir) => existsSync(runDir))).toBe(true);
  });

  it('deletes it together with its forks, or where they have a copy of it', async () => {
    const [base, away] = [folder(), folder()];
    const parent = await made(away, 'a');
    const child = await made(base, 'b', parent);
    expect((await clean(away, 'run = a')).deleted).toMatchObject([{ run: 'a' }]);
    const grandchild = await made(base, 'c', child);
    expect((await clean(base, 'rows = 1')).deleted.map(({ run }) => run).sort()).toEqual(['b', 'c']);
    expect([parent, child, grandchild].some((runDir) => existsSync(runDir))).toBe(false);
  });
});

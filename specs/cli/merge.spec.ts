import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('cli-merge');

async function logged(base: string, runName: string, steps: readonly number[]): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName, environment: false }));
  for (const step of steps) run.logMetrics({ loss: step }, step);
  await run.close();
  return run.runDir;
}

describe('expman merge', () => {
  it('merges runs, says what it left out, and deletes them only with --force', async () => {
    const base = folder();
    const runs = [await logged(base, 'a', [0, 1, 2]), await logged(base, 'b', [2, 3])];
    const merged = await expmanHere('merge', ...runs, '--into', 'whole', '--delete-sources');
    expect(merged).toMatchObject({ exit: 0, stderr: expect.stringContaining('a: 1 value') as string });
    expect(merged.stderr).toContain('the 2 runs stay; add --force');
    expect(merged.stdout).toContain(`merged 2 pieces into ${join(base, 'exp/whole')}: 4 rows`);
    const dry = await expmanHere('merge', ...runs, '--into', 'new/whole', '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({ uuid: null, rows: 4, dryRun: true });
    const all = await expmanHere(
      'merge',
      ...runs,
      '--into',
      'whole',
      '--suffix',
      '--delete-sources',
      '--force',
    );
    expect(all).toMatchObject({ exit: 0 });
    expect(readdirSync(join(base, 'exp')).sort()).toEqual(['experiment.yaml', 'whole', 'whole_2']);
  });

  it('names the runs that one was merged from', async () => {
    const base = folder();
    const runs = [];
    for (let piece = 0; piece < 7; piece++) runs.push(await logged(base, `p${piece}`, [piece]));
    await expmanHere('merge', ...runs, '--into', 'whole');
    const { stdout } = await expmanHere('inspect', join(base, 'exp/whole'));
    expect(stdout).toContain('pieces: exp/p0, exp/p1, exp/p2, exp/p3, exp/p4, … and 2 more');
  });

  it('asks for what is missing, and refuses other words', async () => {
    const base = folder();
    const run = await logged(base, 'a', [0]);
    expect(await expmanHere('merge', run, run)).toMatchObject({ exit: 1 });
    expect(await expmanHere('merge', run, '--into', 'x')).toMatchObject({ exit: 1 });
    expect(await expmanHere('merge', run, join(base, 'exp'), '--into', 'x', '--as', 'parts')).toMatchObject({
      exit: 1,
    });
    expect(await expmanHere('merge', run, join(base, 'exp'), '--into', 'x')).toMatchObject({ exit: 2 });
  });
});

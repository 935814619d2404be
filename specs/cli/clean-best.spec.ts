import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { json, type Listed, runOf } from './three-runs.js';

const folder = tempFolders('clean-best');

/** Runs whose lowest losses are these, and whose scores are their negatives; NaN for none. */
async function lab(losses: readonly number[], goal?: 'min' | 'max'): Promise<string> {
  const base = folder();
  for (const [index, loss] of losses.entries())
    await runOf(
      base,
      `r${index}`,
      (run) => {
        if (Number.isNaN(loss)) return;
        if (goal !== undefined) run.defineMetric('lo*', { goal });
        for (const [step, more] of [2, 0, 1].entries()) run.logMetrics({ loss: loss + more }, step);
        run.summary({ score: -loss });
      },
      { tags: index === 0 ? ['keep'] : [] },
    );
  return base;
}

const deleted = (end: Awaited<ReturnType<typeof expman>>): string[] =>
  (json(end) as { readonly deleted: readonly Listed[] }).deleted.map(({ run }) => run).sort();

describe('expman clean --keep-best', () => {
  it('keeps the best of each experiment by a statistic, and says which and what has no figure', async () => {
    const base = await lab([3, 1, 2, NaN]);
    const given = ['clean', base, '--keep-best', '1', '--by', 'metrics.loss.min'];
    const { stdout } = await expman(...given);
    expect(stdout).toContain('kept as the best by metrics.loss.min: exp/r1 1');
    expect(stdout).toContain('1 of the runs above have no metrics.loss.min to compare');
    expect(stdout).toContain('would delete 3 of 4 runs');
    const end = await expman(...given, '--force', '--json');
    expect(deleted(end)).toEqual(['r0', 'r2', 'r3']);
    expect(json(end)).toMatchObject({
      best: [{ runDir: join(base, 'exp/r1'), value: 1 }],
      ...{ protected: [], withoutValue: 1, kept: 1 },
    });
    expect(existsSync(join(base, 'exp/r1'))).toBe(true);
    expect(existsSync(join(base, 'exp/r0'))).toBe(false);
  });

  it('goes by the goal that is given or defined before the name of the statistic', async () => {
    const base = await lab([3, 1, 2], 'max');
    const by = async (field: string, ...more: readonly string[]): Promise<string[]> =>
      deleted(await expman('clean', base, '--keep-best', '1', '--by', field, '--json', ...more));
    expect(await by('metrics.loss.min')).toEqual(['r1', 'r2']);
    expect(await by('metrics.loss')).toEqual(['r1', 'r2']);
    expect(await by('metrics.loss', '--goal', 'min')).toEqual(['r0', 'r2']);
    expect(await by('summary.score', '--goal', 'max')).toEqual(['r0', 'r2']);
    expect(await by('metrics.loss.max', '--keep', '1')).toEqual(['r1']);
    expect(await by('rows', '--goal', 'max', '--where', "run = 'r2'")).toEqual([]);
  });

  it('does not guess what is better', async () => {
    const base = await lab([3, 1]);
    for (const wrong of [
      ['--keep-best', '1', '--by', 'summary.score'],
      ['--keep-best', '1', '--by', 'metrics.loss.last'],
      ['--keep-best', '1'],
      ['--by', 'metrics.loss.min'],
      ['--keep-best', '1', '--by', 'metrics.loss.min', '--goal', 'up'],
      ['--keep-best', 'x', '--by', 'metrics.loss.min'],
      ['--protect-tag', 'keep'],
    ])
      expect(await expman('clean', base, '--force', ...wrong), wrong.join(' ')).toMatchObject({ exit: 1 });
    expect(existsSync(join(base, 'exp/r0'))).toBe(true);
    // Nothing to compare, as after a slip of the pen: nothing goes, and that is said.
    const misspelt = ['clean', base, '--keep-best', '1', '--by', 'metrics.lost.min', '--force'];
    const none = await expman(...misspelt);
    expect(none.stdout).toContain(
      'left alone, as no run of theirs has metrics.lost.min: exp\ndeleted 0 of 2 runs',
    );
    expect(none.stderr).toContain('no run has metrics.lost.min; did you mean metrics.loss.min?');
    expect(json(await expman(...misspelt, '--json'))).toMatchObject({ deleted: [], unranked: ['exp'] });
    expect(existsSync(join(base, 'exp/r0'))).toBe(true);
  });

  it('says how many of the best it does not name', async () => {
    const base = await lab([1, 2, 3, 4, 5, 6, 7, 8]);
    const { stdout } = await expman('clean', base, '--keep-best', '7', '--by', 'metrics.loss.min');
    expect(stdout).toContain('exp/r4 5, … and 2 more');
  });
});

describe('expman clean --protect-tag', () => {
  it('never deletes a run with one of the tags, also if it is given twice', async () => {
    const base = await lab([3, 1, 2]);
    await expman('tag', join(base, 'exp/r1'), '--add', 'gold');
    const given = ['clean', base, '--keep', '0', '--protect-tag', 'keep', '--protect-tag', 'gold'];
    expect((await expman(...given)).stdout).toContain('kept for the tag keep or gold: exp/r1, exp/r0');
    const end = await expman(...given, '--force', '--json');
    expect(deleted(end)).toEqual(['r2']);
    expect(json(end)).toMatchObject({ protected: [join(base, 'exp/r1'), join(base, 'exp/r0')] });
    expect(existsSync(join(base, 'exp/r0'))).toBe(true);
  });
});

import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { evaluate } from 'expman-rx/evaluate';
import { lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('compare-cases');

/** Makes an evaluation whose cases have these scores; one of at least 0.5 passes. */
async function evaluated(base: string, scores: Readonly<Record<string, number>>): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
  const cases = Object.entries(scores).map(([id, input]) => ({ id, input }));
  const scorers = { score: (said: number) => said, right: (said: number) => said >= 0.5 };
  await lastValueFrom(evaluate(cases, ({ input }) => input, { run, scorers }));
  await run.close();
  return run.runDir;
}

describe('compare --cases', () => {
  it('says which cases broke, were mended, changed a score, came or went', async () => {
    const base = folder();
    const before = await evaluated(base, { a: 1, b: 0, c: 0.75, d: 1, gone: 1 });
    const after = await evaluated(base, { a: 0, b: 1, c: 0.875, d: 1, fresh: 1 });
    const { stdout, exit } = await expmanHere('compare', '--cases', before, after);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/a +broke +passed +failed\n/);
    expect(stdout).toMatch(/b +mended +failed +passed\n/);
    expect(stdout).toMatch(/c +score +score 0\.75 +score 0\.875\n/);
    expect(stdout).toContain(
      '1 broke, 1 mended, 1 changed score, 1 as before, 1 only before, 1 only after\n',
    );
    const near = await expmanHere('compare', '--cases', '--tolerance', '0.2', before, after);
    expect(near.stdout).toContain('0 changed scores, 2 as before');
    const json = JSON.parse(
      (await expmanHere('compare', '--cases', '--json', before, after)).stdout,
    ) as object;
    expect(json).toMatchObject({ before, after, broke: [{ id: 'a' }], same: 1, removed: ['gone'] });
    const { stdout: markdown } = await expmanHere('compare', '--cases', '--markdown', before, after);
    expect(markdown).toContain('| case | change | before | after |\n');
  });

  it('shows 40 cases of each kind, and says how many more there are', async () => {
    const base = folder();
    const many = (score: number): Record<string, number> =>
      Object.fromEntries(Array.from({ length: 45 }, (_, at) => [`case ${at}`, score]));
    const [before, after] = [await evaluated(base, many(1)), await evaluated(base, many(0))];
    const { stdout } = await expmanHere('compare', '--cases', before, after);
    expect(stdout.match(/broke +passed/g)).toHaveLength(40);
    expect(stdout).toContain('… and 5 more; --json has all\n45 broke');
  });

  it('refuses one run, three, a run without cases, and a tolerance without them', async () => {
    const base = folder();
    const one = await evaluated(base, { a: 1 });
    const none = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
    none.logMetrics({ loss: 1 }, 0);
    await none.close();
    for (const paths of [[one], [one, one, one]]) {
      const refused = await expmanHere('compare', '--cases', ...paths);
      expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('BEFORE and AFTER')]);
    }
    const without = await expmanHere('compare', '--cases', one, none.runDir);
    expect(without.exit).toBe(2);
    expect(without.stderr).toContain('has no cases');
    expect((await expmanHere('compare', '--tolerance', '1', one)).stderr).toContain('add --cases');
  });
});

import { describe, expect, it } from 'vitest';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { printedRows } from './csv-rig.js';
import { json, names, runOf } from './three-runs.js';

const folder = tempFolders('cli-summaries');

/** Two runs of an evaluation, the second of which is worse. */
async function evaluations(base: string): Promise<readonly string[]> {
  const dirs: string[] = [];
  for (const [run, pass, loss] of [
    ['a', 0.9, 1],
    ['b', 0.8, 2],
  ] as const)
    dirs.push(
      await runOf(base, run, (each) => {
        each.defineMetric('*loss', { goal: 'min', summary: 'best' });
        each.defineMetric('pass_rate', { goal: 'max' });
        each.summary({ model: 'small\u001b[31m', cases: 2n ** 60n });
        each.summary({ pass_rate: pass }, { headline: true });
        for (const step of [0, 1, 2]) each.logMetrics({ loss: loss + (step - 1) ** 2, other: step }, step);
      }),
    );
  return dirs;
}

describe('summary values on the command line', () => {
  it('are listed before metrics, the headline first, and metrics by the statistic that was chosen', async () => {
    const base = folder();
    await evaluations(base);
    const { stdout } = await expman('list', base);
    expect(stdout).toMatch(
      /exp\/a .* pass_rate 0\.9 {2}model small\S* {2}cases 1152921504606846976 {2}loss 1 {2}… and 1 more\n/,
    );
    expect(json(await expman('list', base, '--json'))).toMatchObject([
      { summary: { pass_rate: 0.9, cases: String(2n ** 60n) }, headline: ['pass_rate'] },
      { definitions: { '*loss': { goal: 'min', summary: 'best' } } },
    ]);
  });

  it('filter, sort and are columns', async () => {
    const base = folder();
    await evaluations(base);
    expect(names(await expman('list', base, '--json', '--where', 'summary.pass_rate > 0.85'))).toEqual(['a']);
    expect(names(await expman('list', base, '--json', '--sort', 'summary.pass_rate'))).toEqual(['b', 'a']);
    expect(names(await expman('list', base, '--json', '--sort', '-metrics.loss.best'))).toEqual(['b', 'a']);
    expect((await expman('list', base, '--columns', 'summary.pass_rate')).stdout).toMatch(
      /summary\.pass_rate\n.*exp\/a .* 0\.9\n/,
    );
    expect((await expman('list', base, '--where', 'summary.pas_rate > 0.85')).stderr).toContain(
      'no run has summary.pas_rate; did you mean summary.pass_rate?',
    );
  });

  it('are columns of the CSV, with all digits', async () => {
    const base = folder();
    await evaluations(base);
    const rows = await printedRows(folder(), 'list', base);
    expect(rows.map((row) => [row['summary.pass_rate'], row['summary.cases']])).toEqual([
      ['0.9', String(2n ** 60n)],
      ['0.8', String(2n ** 60n)],
    ]);
  });

  it('are shown by inspect, beside the definitions of metrics', async () => {
    const [runDir = ''] = await evaluations(folder());
    const { stdout } = await expman('inspect', runDir);
    expect(stdout).toMatch(
      /summary +value\s*\n +pass_rate +0\.9 +headline\n +model +small.*\n +cases +1152921504606846976\s*\n/,
    );
    expect(stdout).toMatch(/defined metric +goal +x +summary\n +\*loss +min +best\n +pass_rate +max\s*\n/);
    expect(stdout).not.toContain('\u001b[31m');
    expect(json(await expman('inspect', runDir, '--json'))).toMatchObject({ summary: { pass_rate: 0.9 } });
  });

  it('are compared, and the best of a line has a star', async () => {
    const base = folder();
    await evaluations(base);
    const { stdout } = await expman('compare', base);
    expect(stdout).toMatch(/pass_rate +0\.9 \* +0\.8\n/);
    expect(stdout).toMatch(/loss +2 +3\s*\n +min +1 \* +2\s*\n +max +2 +3\s*\n/);
    expect(stdout).toMatch(/other +2 +2\s*\n[^*]*\* the best of its line\n$/);
    expect(json(await expman('compare', base, '--json'))).toMatchObject({
      summary: { pass_rate: [0.9, 0.8] },
      metrics: { loss: { goal: 'min' }, other: { goal: null } },
    });
    expect((await expman('compare', base, '--metrics', 'pass_rate')).stdout).not.toContain('loss');
    expect((await expman('compare', base, '--markdown')).stdout).toMatch(
      /\| pass\\_rate \| 0\.9 \\\* \| 0\.8 \|/,
    );
  });
});

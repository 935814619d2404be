import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { describe, expect, it } from 'vitest';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('not-drawn');

/** Runs of 100 values of `x`, by name; the experiment's folder. */
async function runsOf(xs: Readonly<Record<string, (at: number) => number>>): Promise<string> {
  const base = folder();
  for (const [runName, x] of Object.entries(xs)) {
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName, environment: false }));
    for (let at = 0; at < 100; at++) run.logMetrics({ x: x(at) }, at);
    await run.close();
  }
  return join(base, 'exp');
}

const allNaN = (): number => NaN;
const mostlyNaN = (at: number): number => (at % 5 === 0 ? at : NaN);
const minusInfinity = (): number => -Infinity;

describe('values that have no place on a chart', () => {
  it('are counted below what expman plot draws, and in its JSON', async () => {
    const exp = await runsOf({ some: mostlyNaN, whole: (at) => at });
    const { exit, stdout } = await expmanHere('plot', exp, '-m', 'x');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/\nexp\/some: not drawn: 80 NaN\n$/);
    const { curves } = JSON.parse((await expmanHere('plot', exp, '-m', 'x', '--json')).stdout) as {
      readonly curves: readonly object[];
    };
    expect(curves).toMatchObject([
      { name: 'exp/some', notDrawn: { NaN: 80 } },
      { name: 'exp/whole', notDrawn: {} },
    ]);
    expect((await expmanHere('plot', join(exp, 'some'), '--log')).stdout).toMatch(
      /: not drawn: 1 at or below 0, 80 NaN\n$/,
    );
  });

  it.each([
    ['all NaN', [], allNaN],
    ['all -Infinity', [], minusInfinity],
    ['60 NaN, 40 Infinity', [], (at: number): number => (at < 60 ? NaN : Infinity)],
    ['all at or below 0', ['--log'], (at: number): number => -at],
  ])('are all that a run has: %s', async (what, options, x) => {
    const exp = await runsOf({ r: x });
    expect(await expmanHere('plot', join(exp, 'r'), ...options)).toMatchObject({
      ...{ exit: 2, stdout: '', stderr: `expman: INVALID_VALUE: r: 100 values of x, ${what}\n` },
    });
  });

  it('leave a run out beside others, with what it has, and never as one without numbers', async () => {
    const exp = await runsOf({ a: allNaN, b: minusInfinity, c: (at) => at });
    const { exit, stderr } = await expmanHere('plot', exp, '-m', 'x');
    expect([exit, stderr]).toEqual([
      0,
      'expman: left out: a: 100 values of x, all NaN\nexpman: left out: b: 100 values of x, all -Infinity\n',
    ]);
    const none = await expmanHere('plot', join(exp, 'a'), join(exp, 'b'), '-m', 'x');
    expect(none.stderr).toMatch(/INVALID_VALUE: no run has finite numbers of x\n$/);
  });

  it.each([
    ['as far apart as numbers are', Number.MAX_VALUE, /1\.797\d+e\+308┤[^]*-1\.797\d+e\+308┤/],
    ['as near to each other', Number.MIN_VALUE, /5e-324┤[^]*-5e-324┤/],
  ])('are not those that are %s', async (_, size, axis) => {
    const exp = await runsOf({ r: (at) => (at % 2 === 0 ? size : -size) });
    const { exit, stdout } = await expmanHere('plot', join(exp, 'r'));
    expect(exit).toBe(0);
    expect(stdout).toMatch(axis);
  });
});

describe('expman compare', () => {
  it('says how many values are NaN, in its table and in its JSON', async () => {
    const exp = await runsOf({ a: allNaN, b: mostlyNaN, c: (at) => at });
    expect((await expmanHere('compare', exp)).stdout).toMatch(/\n *NaN +100 of 100 +80 of 100 +0 of 100\n/);
    expect(JSON.parse((await expmanHere('compare', exp, '--json')).stdout)).toMatchObject({
      metrics: { x: { count: [100, 100, 100], nan: [100, 80, 0] } },
    });
    const plain = await runsOf({ c: (at) => at });
    expect((await expmanHere('compare', plain)).stdout).not.toContain('NaN');
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { type GateOptions, gate, gateJUnit, gateMarkdown } from 'expman-rx/evaluate';
import { amendRun, openRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('gate');

interface Given {
  readonly tags?: readonly string[];
  readonly goal?: 'min' | 'max';
  readonly status?: RunStatus;
}

/** A closed evaluation with that pass rate; its folder. */
async function evaluated(
  base: string,
  runName: string,
  rate: number | string,
  { tags = [], goal, status = RunStatus.Finished }: Given = {},
): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('evals', base, { runName, tags: [...tags], environment: false }),
  );
  if (goal !== undefined) run.defineMetric('*rate', { goal });
  run.summary({ pass_rate: rate });
  for (const step of [0, 1, 2]) run.logMetrics({ loss: 3 - step, phase: 'x' }, step);
  await run.close(status);
  return run.runDir;
}

const passes = async (runDir: string, options: Partial<GateOptions>): Promise<boolean> =>
  (await gate(runDir, { metric: 'pass_rate', tag: false, ...options })).passed;

describe('a gate', () => {
  it('takes a summary value, else the last value of a metric', async () => {
    const runDir = await evaluated(folder(), 'a', 0.88);
    expect(await gate(runDir, { metric: 'pass_rate', min: 0.88, max: 0.88 })).toMatchObject({
      ...{ passed: true, value: 0.88, goal: 'max', baseline: null, tagged: false, run: 'a' },
      checks: [
        { name: 'status', passed: true },
        { name: 'min', passed: true, message: 'pass_rate must be at least 0.88; it is 0.88' },
        { name: 'max', passed: true },
      ],
    });
    expect(await passes(runDir, { min: 0.881 })).toBe(false);
    expect(await passes(runDir, { max: 0.879 })).toBe(false);
    expect(await passes(runDir, { metric: 'loss', max: 1 })).toBe(true);
    expect(await passes(runDir, { metric: 'loss', max: 0.9 })).toBe(false);
  });

  it('fails a value that is NaN, and a run that has not finished', async () => {
    const base = folder();
    expect(await passes(await evaluated(base, 'nan', NaN), { min: 0 })).toBe(false);
    const failed = await evaluated(base, 'failed', 1, { status: RunStatus.Failed });
    expect(await gate(failed, { metric: 'pass_rate', min: 0 })).toMatchObject({
      passed: false,
      checks: [{ name: 'status', passed: false, message: 'the run must be FINISHED; it is FAILED' }, {}],
    });
  });

  it.each([
    ['max', 0.9, 0.88, 0.02, true],
    ['max', 0.9, 0.879, 0.02, false],
    ['max', 0.9, 1, 0, true],
    ['min', 0.9, 0.92, 0.02, true],
    ['min', 0.9, 0.93, 0.02, false],
    ['min', 0.9, 0.1, 0, true],
    ['max', 0.3, 0.3, 0, true],
    ['max', 1e-12, 0.5e-12, 1e-13, false],
  ] as const)(
    'by the goal %s, from %d to %d with a drop of %d, passes: %s',
    async (goal, before, now, maxDrop, is) => {
      const base = folder();
      await evaluated(base, 'before', before);
      const runDir = await evaluated(base, 'now', now);
      expect(await passes(runDir, { goal, maxDrop, baseline: 'last' })).toBe(is);
    },
  );

  it('goes by the goal that the run defines, unless another is given', async () => {
    const base = folder();
    await evaluated(base, 'before', 0.5);
    const runDir = await evaluated(base, 'now', 0.4, { goal: 'min' });
    expect(await passes(runDir, { maxDrop: 0, baseline: 'last' })).toBe(true);
    expect(await passes(runDir, { maxDrop: 0, baseline: 'last', goal: 'max' })).toBe(false);
  });

  it('compares with the newest finished run that has a tag, or started before, and with no refused one', async () => {
    const base = folder();
    const baselineOf = async (runDir: string, baseline: string): Promise<string | undefined> =>
      (await gate(runDir, { metric: 'pass_rate', maxDrop: 1, baseline })).baseline?.run;
    await evaluated(base, 'a', 0.5, { tags: ['main'] });
    await evaluated(base, 'b', 0.6, { tags: ['main'] });
    await evaluated(base, 'c', 0.7, { tags: ['main'], status: RunStatus.Failed });
    await evaluated(base, 'd', 0.8, { tags: ['main', 'gate:failed'] });
    const runDir = await evaluated(base, 'e', 0.9, { tags: ['main'] });
    await evaluated(base, 'f', 0.1);
    expect(await baselineOf(runDir, 'tag:main')).toBe('b');
    expect(await baselineOf(runDir, 'last')).toBe('b');
    expect(await baselineOf(runDir, 'f')).toBe('f');
    expect(await baselineOf(runDir, join(base, 'evals/a'))).toBe('a');
    for (const refused of ['c', 'd', 'e'])
      await expect(baselineOf(runDir, refused)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(baselineOf(runDir, 'tag:no')).rejects.toThrow(
      /no other finished run .*"no" \(.*gate:failed/,
    );
    for (const absent of ['tag:no', 'nothing', join(base, 'evals/no'), ''])
      await expect(baselineOf(runDir, absent)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('passes the first run of an experiment, which has nothing before it, and says so', async () => {
    const runDir = await evaluated(folder(), 'a', 0.5);
    expect(await gate(runDir, { metric: 'pass_rate', maxDrop: 0, baseline: 'last' })).toMatchObject({
      passed: true,
      baseline: null,
      checks: [{}, { message: expect.stringContaining('no finished run before this one') as string }],
    });
  });

  it('takes a run called last by its path', async () => {
    const base = folder();
    const last = await evaluated(base, 'last', 0.9);
    await evaluated(base, 'between', 0.5);
    const runDir = await evaluated(base, 'now', 0.6);
    expect(await gate(runDir, { metric: 'pass_rate', maxDrop: 0, baseline: 'last' })).toMatchObject({
      baseline: { run: 'between' },
    });
    expect(await gate(runDir, { metric: 'pass_rate', maxDrop: 0, baseline: last })).toMatchObject({
      baseline: { run: 'last' },
      passed: false,
    });
  });

  it('tags a run that fails, once, unless it is told not to', async () => {
    const runDir = await evaluated(folder(), 'a', 0.5, { tags: ['x'] });
    await gate(runDir, { metric: 'pass_rate', min: 0.9, tag: false });
    expect(openRun(runDir).facts.tags).toEqual(['x']);
    for (let time = 0; time < 2; time++)
      expect(await gate(runDir, { metric: 'pass_rate', min: 0.9 })).toMatchObject({ tagged: true });
    expect(openRun(runDir).facts.tags).toEqual(['x', 'gate:failed']);
    await amendRun(runDir, { removeTags: ['gate:failed'] });
    await gate(runDir, { metric: 'pass_rate', min: 0.1 });
    expect(openRun(runDir).facts.tags).toEqual(['x']);
  });

  it('fails a run that was killed, and says why it could not be tagged', async () => {
    const { runDir } = await runChild(
      folder(),
      `const run = open(); run.summary({ pass_rate: 1 }); await run.flush(); say('done'); await ask('x');`,
      { killWhen: (said) => said.length > 0 },
    );
    expect(await gate(runDir, { metric: 'pass_rate', min: 0.5 })).toMatchObject({
      ...{ passed: false, value: 1, tagged: false },
      tagProblem: expect.stringContaining('expman recover') as string,
    });
  });

  it('is refused for a run that is open, for a value that is not there, and for options that do not fit', async () => {
    const base = folder();
    const runDir = await evaluated(base, 'a', 0.5);
    const refused = (options: object, dir = runDir): Promise<unknown> =>
      gate(dir, { metric: 'pass_rate', ...options }).then(
        () => null,
        (error: unknown) => error,
      );
    expect(await refused({ metric: 'pass_rat', min: 1 })).toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining('did you mean pass_rate?') as string,
    });
    expect(await refused({ metric: 'phase', min: 1 })).toMatchObject({ code: 'INVALID_VALUE' });
    expect(await refused({}, await evaluated(base, 'b', 'good'))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await refused({ min: 1 }, join(base, 'evals/b'))).toMatchObject({ code: 'INVALID_VALUE' });
    expect(await refused({ maxDrop: 1 })).toMatchObject({ code: 'INVALID_OPTION', option: 'baseline' });
    expect(await refused({ min: 1, baseline: 'last' })).toMatchObject({ option: 'maxDrop' });
    expect(await refused({ maxDrop: -1, baseline: 'last' })).toMatchObject({ option: 'maxDrop' });
    expect(await refused({ min: NaN })).toMatchObject({ option: 'min' });
    // No run can pass it, so none is tagged for it.
    expect(await refused({ min: 0.9, max: 0.1 })).toMatchObject({ code: 'INVALID_OPTION', option: 'max' });
    expect(openRun(runDir).facts.tags).toEqual([]);
    expect(await refused({ min: 1 }, join(base, 'no'))).toMatchObject({ code: 'RUN_NOT_FOUND' });
    const open = new LoggingEngine(new ExperimentConfig('evals', base, { environment: false }));
    open.summary({ pass_rate: 1 });
    expect(await refused({ min: 0 }, open.runDir)).toMatchObject({ code: 'RUN_LOCKED' });
    await open.close();
  });
});

describe('the reports of a gate', () => {
  it('are Markdown and JUnit XML that no name can break', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('evals', base, { runName: 'a', environment: false }));
    run.summary({ 'a|b<c>&"\u0001\n*': 1 });
    await run.close();
    const result = await gate(run.runDir, { metric: 'a|b<c>&"\u0001\n*', min: 2 });
    const markdown = gateMarkdown(result);
    expect(markdown.split('\n')).toHaveLength(6);
    expect(markdown).toContain(String.raw`a\|b\<c\>`);
    const junit = gateJUnit(result);
    expect(junit).toContain('tests="2" failures="1"');
    expect(junit).toContain('a|b&lt;c&gt;&amp;&quot;\ufffd&#10;*');
    expect(junit).not.toContain('\u0001');
  });
});

describe('expman gate', () => {
  it('exits with 0 where the run passes and 5 where it fails, with a table, JSON, Markdown and JUnit', async () => {
    const base = folder();
    await evaluated(base, 'main', 0.9, { tags: ['main'] });
    const runDir = await evaluated(base, 'pr', 0.85);
    const asked = ['gate', runDir, '--metric', 'pass_rate'];
    const passed = await expman(...asked, '--min', '0.8');
    expect(passed).toMatchObject({ exit: 0, stderr: '' });
    expect(passed.stdout).toMatch(
      /evals\/pr {2}pass_rate 0\.85 {2}passed\n[^]*min +passed +pass_rate must be at least 0\.8/,
    );
    const junit = join(base, 'reports/gate.xml'); // Its folder is made.
    const drop = ['--max-drop', '0.02', '--baseline', 'tag:main'];
    const failed = await expman(...asked, ...drop, '--junit', junit, '--no-tag');
    expect(failed).toMatchObject({ exit: 5 });
    expect(failed.stdout).toContain('pass_rate may be at most 0.02 below the 0.9 of main; it is 0.85');
    expect(readFileSync(junit, 'utf8')).toContain('<failure message="pass_rate may be');
    expect(openRun(runDir).facts.tags).toEqual([]);
    const json = await expman(...asked, ...drop, '--json');
    expect(json.exit).toBe(5);
    expect(JSON.parse(json.stdout)).toMatchObject({ passed: false, tagged: true, baseline: { value: 0.9 } });
    expect((await expman(...asked, ...drop, '--markdown')).stdout).toMatch(
      /^\*\*Failed\*\*: evals\/pr[^]*\| maxDrop \| \*\*failed\*\* \|/,
    );
    const other = await expman(...asked, '--max-drop', '0.02', '--baseline', 'tag:main', '--goal', 'min');
    expect(other.exit).toBe(0);
    expect(other.stdout).toMatch(/earlier gate .* no baseline.*\n {2}expman tag .*pr --remove gate:failed\n/);
    const unwritten = await expman(...asked, '--min', '0.8', '--junit', base);
    expect(unwritten.exit).toBe(2);
    expect(unwritten.stdout).toContain('pass_rate must be at least 0.8');
  });

  it.each([
    [['--min', '1'], 1],
    [['-m', 'pass_rate'], 1],
    [['-m', 'pass_rate', '--max-drop', '1'], 1],
    [['-m', 'pass_rate', '--baseline', 'last'], 1],
    [['-m', 'pass_rate', '--min', '0', '--goal', 'up'], 1],
    [['-m', 'pass_rate', '--min', '0', '--json', '--markdown'], 1],
    [['-m', 'pass_rate', '--min', 'x'], 1],
    [['-m', 'pass_rate', '--min', '0.6', '--max', '0.4'], 1],
    [['-m', 'none', '--min', '0'], 2],
    [['-m', 'pass_rate', '--max-drop', '0', '--baseline', 'tag:none'], 2],
    [['-m', 'pass_rate', '--min', '0', '--junit', '/dev/null/all.xml'], 3],
  ])('%j exits with %d', async (args, exit) => {
    const runDir = await evaluated(folder(), 'a', 0.5);
    expect(await expman('gate', runDir, ...args)).toMatchObject({ exit });
  });
});

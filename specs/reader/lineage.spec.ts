import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { type StoredRow, openExperiments, openRun, parseWhere, queryRuns } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { curvesOfRun } from '../../src/dashboard/data/read-series.js';
import { runChild } from '../support/child.js';
import { expman } from '../support/cli.js';
import { yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('lineage');
const open = (
  base: string,
  runName: string,
  options: ExperimentOptions = {},
  experiment = 'exp',
): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig(experiment, base, { environment: false, runName, ...options }));
const fork = (from: LoggingEngine | string, step: number | bigint): ExperimentOptions => ({
  fork: { from: typeof from === 'string' ? from : from.runDir, step },
});
const failure = (facts: object): unknown => expect.objectContaining(facts);

/** Logs `loss` as the number of the run plus a hundredth of the step, and closes the run. */
async function logged(run: LoggingEngine, number: number, from: number, to: number): Promise<LoggingEngine> {
  for (let step = from; step <= to; step++) run.logMetrics({ loss: number + step / 100 }, step);
  await run.close();
  return run;
}

const pointsOf = async (runDir: string): Promise<unknown[]> =>
  (await openRun(runDir).points('loss')).map(({ step, value }) => [step, value]);
const rowsOf = async (runDir: string, inherited: boolean): Promise<StoredRow[]> => {
  const rows = [];
  for await (const row of openRun(runDir).rows({ inherited, session: true })) rows.push(row);
  return rows;
};
/** What the fork at step 2 of run 1 shows with own rows of steps 3 and 4 of run 2. */
const SHOWN = [
  [0, 1],
  [1, 1.01],
  [2, 1.02],
  [3, 2.03],
  [4, 2.04],
];

describe('a fork', () => {
  it('shows the rows of its parent up to the step in curves, and counts its own only', async () => {
    const base = folder();
    const parent = await logged(open(base, 'a'), 1, 0, 5);
    const child = await logged(open(base, 'b', fork(parent, 2)), 2, 3, 4);
    expect(await pointsOf(child.runDir)).toEqual(SHOWN);
    const curve = curvesOfRun(child.runDir, { metric: ['loss'], x: 'step', points: 100 });
    expect([curve.problem, [...(curve.curves.get('loss')?.x ?? [])]]).toEqual([null, [0, 1, 2, 3, 4]]);
    const { facts } = openRun(child.runDir);
    expect(facts).toMatchObject({ rows: 2, accepted: 2, lastStep: 4 });
    expect(facts.metrics.get('loss')).toMatchObject({ count: 2, min: 2.03, max: 2.04 });
    expect((await rowsOf(child.runDir, false)).map(({ step, session }) => [step, session])).toEqual([
      [3, 0],
      [4, 0],
    ]);
    expect((await rowsOf(child.runDir, true)).map(({ step, session }) => [step, session])).toEqual([
      [0, -1],
      [1, -1],
      [2, -1],
      [3, 0],
      [4, 0],
    ]);
    expect(await openRun(child.runDir).points('loss', { inherited: false })).toHaveLength(2);
    expect((await openRun(child.runDir).metrics({ inherited: true })).numRows).toBe(5);
    expect((await openRun(child.runDir).metrics()).numRows).toBe(2);
  });

  it('says in its facts, in lists, filters, SQL and commands where it began', async () => {
    const base = folder();
    const parent = await logged(open(base, 'a'), 1, 0, 5);
    const child = await logged(open(base, 'b', fork(parent, 2)), 2, 3, 4);
    const said = { uuid: openRun(parent.runDir).facts.uuid, experiment: 'exp', run: 'a', step: 2, epoch: 0 };
    expect(openRun(child.runDir).facts.parent).toEqual(said);
    expect(yamlOf(child.runDir)).toMatchObject({ parent: said });
    const lab = openExperiments(base);
    const found = await lab.runs({ where: (each) => parseWhere('parent = "exp/a@2"').matches(each) });
    expect(found.map(({ facts }) => facts.run)).toEqual(['b']);
    const { rows } = await queryRuns(base, 'SELECT run, parent FROM runs ORDER BY run');
    expect(rows).toEqual([
      ['a', null],
      ['b', 'exp/a@2'],
    ]);
    expect((await expman('list', base)).stdout).toMatch(/parent.*\n.*exp\/b .*exp\/a@2|exp\/a@2/);
    expect((await expman('compare', parent.runDir, child.runDir)).stdout).toMatch(/parent +exp\/a@2/);
    expect((await expman('inspect', child.runDir)).stdout).toMatch(/forked from +exp\/a@2\n/);
    const { stdout } = await expman('plot', child.runDir, '-m', 'loss', '--json');
    expect((JSON.parse(stdout) as { curves: [{ points: unknown }] }).curves[0].points).toEqual(SHOWN);
  });

  it('shows the rows of all its ancestors, each up to the least step on the way', async () => {
    const base = folder();
    const first = await logged(open(base, 'a'), 1, 0, 9);
    const second = await logged(open(base, 'b', fork(first, 5)), 2, 6, 9);
    const third = await logged(open(base, 'c', fork(second, 3)), 3, 4, 5);
    const fourth = await logged(open(base, 'd', fork(second, 7), 'other'), 4, 8, 8);
    expect((await pointsOf(third.runDir)).map((point) => (point as number[])[1])).toEqual([
      1, 1.01, 1.02, 1.03, 3.04, 3.05,
    ]);
    expect((await pointsOf(fourth.runDir)).map((point) => (point as number[])[1])).toEqual([
      1, 1.01, 1.02, 1.03, 1.04, 1.05, 2.06, 2.07, 4.08,
    ]);
    const lineage = await openRun(fourth.runDir).lineage();
    expect(lineage).toMatchObject([
      { runDir: second.runDir, toStep: 7, problem: null },
      { runDir: first.runDir, toStep: 5, problem: null },
    ]);
  });

  it('has the metrics of both, with types that hold the values of both', async () => {
    const base = folder();
    const parent = open(base, 'a');
    parent.logMetrics({ loss: 1, 'only a': 5, kind: 'x', flag: true, big: 2n ** 60n, step: 7 }, 0);
    await parent.close();
    const child = open(base, 'b', fork(parent, 0));
    child.logMetrics({ 'only b': 6, loss: 0.5, kind: 3, flag: 2, big: 0.5, step_: 8 }, 1);
    await child.close();
    const rows = await rowsOf(child.runDir, true);
    expect(rows.map(({ values }) => values)).toEqual(
      [
        { loss: 1, 'only a': 5, kind: 'x', flag: true, big: 2n ** 60n, step: 7 },
        { 'only b': 6, loss: 0.5, kind: 3, flag: 2, big: 0.5, step_: 8 },
      ].map((values) => expect.objectContaining({ loss: values.loss }) as unknown),
    );
    expect(rows[0]?.values).toMatchObject({ 'only a': 5, kind: 'x', step: 7 });
    expect(rows[1]?.values).toMatchObject({ 'only b': 6, kind: 3, flag: 2, big: 0.5, step_: 8 });
    const table = await openRun(child.runDir).metrics({ inherited: true, columns: ['only a', 'loss'] });
    expect(table.schema.fields.map(({ name }) => name)).toEqual(['step', 'timestamp', 'loss', 'only a']);
    expect([...(table.getChild('only a') ?? [])]).toEqual([5, null]);
    const shown = await openExperiments(base).points('only a');
    expect(shown.map(({ run, points }) => [run.facts.run, points.length])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('leaves out rows without a step and rows of later sessions of its parent, and says what was removed', async () => {
    const base = folder();
    const parent = open(base, 'a');
    parent.logMetrics({ loss: 9 });
    await logged(parent, 1, 0, 4);
    const child = await logged(open(base, 'b', fork(parent, 3)), 2, 4, 4);
    await logged(open(base, 'a', { resume: 'must', fromStep: 2 }), 7, 2, 4);
    expect(await pointsOf(child.runDir)).toEqual([
      [0, 1],
      [1, 1.01],
      [4, 2.04],
    ]);
    expect(await openRun(child.runDir).lineage()).toMatchObject([
      { runDir: parent.runDir, problem: 'it was resumed from step 2 since' },
    ]);
  });

  it('finds a parent that was moved or renamed, by its uuid', async () => {
    const base = folder();
    const parent = await logged(open(base, 'a'), 1, 0, 2);
    const child = await logged(open(base, 'b', fork(parent, 2)), 2, 3, 4);
    mkdirSync(join(base, 'elsewhere'));
    renameSync(parent.runDir, join(base, 'elsewhere', 'z'));
    expect(await pointsOf(child.runDir)).toEqual(SHOWN);
    await logged(open(base, 'a'), 8, 0, 2);
    expect(await pointsOf(child.runDir)).toEqual(SHOWN);
  });

  it('shows its own rows where its parent is gone, and says so', async () => {
    const base = folder();
    const parent = await logged(open(base, 'a'), 1, 0, 2);
    const child = await logged(open(base, 'b', fork(parent, 2)), 2, 3, 4);
    rmSync(parent.runDir, { recursive: true });
    const warnings: Error[] = [];
    const listen = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', listen);
    expect(await pointsOf(child.runDir)).toEqual(SHOWN.slice(3));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/rows of exp\/a@2, from which it was forked, are missing/),
    ]);
    expect(await openRun(child.runDir).lineage()).toMatchObject([{ runDir: null, toStep: 2 }]);
    expect((await expman('inspect', child.runDir)).stdout).toMatch(/forked from +exp\/a@2; rows .* missing/);
    const plotted = await expman('plot', child.runDir, '-m', 'loss', '--json');
    expect(plotted.stderr).toMatch(/exp\/b: rows of exp\/a@2, .*missing/);
    expect(plotted.stderr).not.toMatch(/ExpmanWarning/);
    const curve = curvesOfRun(child.runDir, { metric: ['loss'], x: 'step', points: 100 });
    expect(curve.problem).toMatch(/missing/);
    expect(await openRun(child.runDir).points('loss', { fromStep: 3 })).toHaveLength(2);
  });

  it('shows its own rows where the file of its parent is damaged', async () => {
    const base = folder();
    const parent = await logged(open(base, 'a'), 1, 0, 2);
    const child = await logged(open(base, 'b', fork(parent, 2)), 2, 3, 4);
    writeFileSync(join(parent.runDir, 'metrics.parquet'), 'no rows');
    expect(await openRun(child.runDir).lineage()).toMatchObject([{ runDir: null }]);
    expect(await pointsOf(child.runDir)).toEqual(SHOWN.slice(3));
  });

  it('says what is missing of a parent, whatever is there of the run before it', async () => {
    const base = folder();
    const first = await logged(open(base, 'a'), 1, 0, 1);
    const second = await logged(open(base, 'b', fork(first, 1)), 5, 2, 4);
    const child = await logged(open(base, 'c', fork(second, 3)), 2, 4, 4);
    await logged(open(base, 'b', { resume: 'must', fromStep: 3 }), 7, 3, 4);
    const { problem } = curvesOfRun(child.runDir, { metric: ['loss'], x: 'step', points: 100 });
    expect(problem).toMatch(/rows of exp\/b@3, .* are missing: it was resumed from step 3 since/);
  });

  it('shows no rows from before a parent that is damaged', async () => {
    const base = folder();
    const first = await logged(open(base, 'a'), 1, 0, 2);
    const second = await logged(open(base, 'b', fork(first, 1)), 5, 2, 2);
    const child = await logged(open(base, 'c', fork(second, 2)), 2, 3, 4);
    writeFileSync(join(second.runDir, 'metrics.parquet'), 'no rows');
    expect(await openRun(child.runDir).lineage()).toMatchObject([{ runDir: null }]);
    expect(await pointsOf(child.runDir)).toEqual(SHOWN.slice(3));
  });

  it('of a run in another base folder has a copy of it, and of what that was forked from', async () => {
    const [base, away] = [folder(), folder()];
    const first = await logged(open(away, 'a'), 1, 0, 2);
    const second = await logged(open(away, 'b', fork(first, 1)), 5, 2, 2);
    const child = await logged(open(base, 'c', fork(second, 2)), 2, 3, 4);
    rmSync(away, { recursive: true });
    const shown = [[0, 1], [1, 1.01], [2, 5.02], ...SHOWN.slice(3)];
    expect(await pointsOf(child.runDir)).toEqual(shown);
    expect(existsSync(join(child.runDir, 'parent/parent/metrics.parquet'))).toBe(true);
    const lists = await openExperiments(base).runs();
    expect(lists.map(({ facts }) => facts.run)).toEqual(['c']);
    // Also where the fork is moved on.
    const later = folder();
    cpSync(dirname(child.runDir), join(later, 'exp'), { recursive: true });
    expect(await pointsOf(join(later, 'exp/c'))).toEqual(shown);
  });

  it('of a run that is still open, or was killed, has its rows up to the step', async () => {
    const [base, away] = [folder(), folder()];
    const { runDir } = await runChild(
      away,
      `const run = open({ runName: 'a' });
       for (let step = 0; step < 3; step++) run.logMetrics({ loss: 1 + step / 100 }, step);
       await run.flush();
       await ask('now');`,
      { answer: () => 'kill' },
    );
    const child = await logged(open(base, 'b', fork(runDir, 2)), 2, 3, 4);
    expect(await pointsOf(child.runDir)).toEqual(SHOWN);
    const live = open(base, 'live');
    for (let step = 0; step < 3; step++) live.logMetrics({ loss: 1 + step / 100 }, step);
    await live.flush();
    const other = await logged(open(base, 'other', fork(live, 2)), 2, 3, 4);
    await logged(live, 9, 0, 9);
    expect((await pointsOf(other.runDir)).slice(0, 3)).toEqual(SHOWN.slice(0, 3));
  });

  it.each([
    ['a step that its parent does not have yet', 6, 'INVALID_OPTION'],
    ['a value that is no step', 1.5, 'INVALID_OPTION'],
    ['a run that is not there', null, 'RUN_NOT_FOUND'],
  ])('is refused for %s, and leaves nothing behind', async (_what, step, code) => {
    const base = folder();
    const parent = await logged(open(base, 'a'), 1, 0, 5);
    const options = fork(step === null ? join(base, 'exp/none') : parent, step ?? 1);
    expect(() => open(base, 'b', options)).toThrow(failure({ code }));
    expect(existsSync(join(base, 'exp/b'))).toBe(false);
  });

  it.each([
    ['a misspelt key', { from: 'a', stp: 1 }],
    ['no step', { from: 'a' }],
    ['an empty path', { from: '', step: 1 }],
    ['a path alone', 'exp/a'],
  ])('is refused for %s', (_what, given) => {
    expect(() => new ExperimentConfig('exp', '.', { fork: given as never })).toThrow(
      failure({ code: 'INVALID_OPTION' }),
    );
  });

  it('keeps the fork it began with where it is resumed, and refuses another', async () => {
    const base = folder();
    const parent = await logged(open(base, 'a'), 1, 0, 5);
    await logged(open(base, 'b', fork(parent, 2)), 2, 3, 3);
    expect(() => open(base, 'b', { resume: 'must', ...fork(parent, 3) })).toThrow(
      failure({ code: 'INVALID_OPTION', option: 'fork' }),
    );
    expect(() => open(base, 'a', { resume: 'must', ...fork(join(base, 'exp/b'), 3) })).toThrow(
      failure({ code: 'INVALID_OPTION', option: 'fork' }),
    );
    await logged(open(base, 'b', { resume: 'must', ...fork(parent, 2) }), 2, 4, 4);
    const again = await logged(open(base, 'b', { resume: 'must' }), 2, 5, 5);
    expect(await pointsOf(again.runDir)).toEqual([...SHOWN, [5, 2.05]]);
    expect(openRun(again.runDir).facts.parent?.step).toBe(2);
  });

  it('begins where a fork of that name was killed before it had a run.yaml', async () => {
    const [base, away] = [folder(), folder()];
    const parent = await logged(open(away, 'a'), 1, 0, 2);
    mkdirSync(join(base, 'exp/b/parent'), { recursive: true });
    writeFileSync(join(base, 'exp/b/parent/run.yaml'), 'half a co');
    const child = await logged(open(base, 'b', { resume: 'allow', ...fork(parent, 2) }), 2, 3, 4);
    expect(await pointsOf(child.runDir)).toEqual(SHOWN);
  });
});

describe('a lineage that was tampered with', () => {
  const forged = async (base: string, parent: object): Promise<string> => {
    const first = await logged(open(base, 'a'), 1, 0, 2);
    const { runDir } = await logged(open(base, 'b', fork(first, 2)), 2, 3, 4);
    const path = join(runDir, 'run.yaml');
    const lines = readFileSync(path, 'utf8').split('\n');
    const at = lines.findIndex((line) => line.startsWith('parent:'));
    const end = lines.findIndex((line, index) => index > at && !line.startsWith(' '));
    const said = Object.entries(parent).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
    writeFileSync(path, [...lines.slice(0, at), 'parent:', ...said, ...lines.slice(end)].join('\n'));
    return runDir;
  };
  const uuid = 'a'.repeat(32);

  it.each([
    ['leads out of the folder', { uuid, experiment: '..', run: 'secret', step: 2, epoch: 0 }],
    ['is an absolute path', { uuid, experiment: '/etc', run: 'a', step: 2, epoch: 0 }],
    ['has no uuid', { uuid: 'x', experiment: 'exp', run: 'a', step: 2, epoch: 0 }],
    ['has no step', { uuid, experiment: 'exp', run: 'a', step: 'two', epoch: 0 }],
  ])('and %s is ignored', async (_what, parent) => {
    const runDir = await forged(folder(), parent);
    expect(openRun(runDir).facts.parent).toBeUndefined();
    expect(await pointsOf(runDir)).toEqual(SHOWN.slice(3));
  });

  it('is not followed through a link', async () => {
    const base = folder();
    const parent = await logged(open(base, 'a'), 1, 0, 2);
    const child = await logged(open(base, 'b', fork(parent, 2)), 2, 3, 4);
    const hidden = join(folder(), 'a');
    renameSync(parent.runDir, hidden);
    symlinkSync(hidden, parent.runDir);
    symlinkSync(hidden, join(child.runDir, 'parent'));
    expect(await pointsOf(child.runDir)).toEqual(SHOWN.slice(3));
  });

  it('ends where it comes back to a run it has passed', async () => {
    const base = folder();
    const other = open(base, 'c');
    const { uuid: own } = { uuid: String(yamlOf(other.runDir)['uuid']) };
    await logged(other, 3, 0, 2);
    const runDir = await forged(base, { uuid: own, experiment: 'exp', run: 'c', step: 2, epoch: 0 });
    const path = join(other.runDir, 'run.yaml');
    const back = `parent:\n  uuid: ${String(yamlOf(runDir)['uuid'])}\n  experiment: exp\n  run: b\n  step: 9\n  epoch: 9\n`;
    writeFileSync(path, readFileSync(path, 'utf8').replace('status:', `${back}status:`));
    const lineage = await openRun(runDir).lineage();
    expect(lineage).toMatchObject([
      { problem: null },
      { runDir: null, problem: expect.stringContaining('circle') as string },
    ]);
    expect((await pointsOf(runDir)).length).toBe(5);
  });

  it('follows 32 generations, and says that there are more', async () => {
    const base = folder();
    let run = await logged(open(base, 'r0'), 0, 0, 0);
    for (let number = 1; number <= 34; number++)
      run = await logged(open(base, `r${number}`, fork(run, number - 1)), number, number, number);
    const lineage = await openRun(run.runDir).lineage();
    expect(lineage).toHaveLength(33);
    expect(lineage.at(-1)).toMatchObject({ runDir: null, problem: 'only 32 generations are looked up' });
    expect(await pointsOf(run.runDir)).toHaveLength(33);
  });
});

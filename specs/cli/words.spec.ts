import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ExperimentOptions, ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openRun, queryRuns, readRun } from 'expman-rx/reader';
import { roomFinding } from '../../src/cli/doctor.js';
import { quantity } from '../../src/cli/words.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('words');

async function runOf(
  base: string,
  runName: string,
  fill: (run: LoggingEngine) => void,
  options: ExperimentOptions = {},
): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('n', base, { environment: false, runName, ...options }));
  fill(run);
  await run.close();
  return run.runDir;
}

const numbers =
  (times: number) =>
  (run: LoggingEngine): void => {
    for (let step = 0; step < 4; step++)
      run.logMetrics({ loss: times / (step + 1), case: `case ${step}` }, step);
    run.logHistogram('h', [1, 2, 3], 0);
  };

/** Columns of a table by where their headings begin and end, as `[heading, start, end]`. */
function headings(line: string): [string, number, number][] {
  return [...line.matchAll(/\S+/g)].map(({ 0: word, index }) => [word, index, index + word.length]);
}

describe('a number of things', () => {
  it.each([
    [0, 'runs', '0 runs'],
    [1, 'runs', '1 run'],
    [1, 'rows are', '1 row is'],
    [1, 'runs have dropped rows', '1 run has dropped rows'],
    [1, 'runs hold files that are temporary', '1 run holds files that are temporary'],
    [1, 'other records', '1 other record'],
    [1, 'runs whose process has died', '1 run whose process has died'],
    [1234, 'rows are', '1,234 rows are'],
  ])('of %d %s is %s', (number, plural, text) => {
    expect(quantity(number, plural)).toBe(text);
  });

  it('is right for one wherever commands say it', async () => {
    const base = folder();
    const runDir = await runOf(base, 'one', (run) => run.logMetrics({ loss: 1 }, 0));
    const said = [
      await expman('doctor', base),
      await expman('clean', base, '--keep', '0'),
      await expman('verify', base),
      await expman('inspect', runDir),
      await expman('recover', base),
    ].map(({ stdout }) => stdout);
    for (const text of said) expect(text).not.toMatch(/\b1 (?:runs|rows|bytes|files|columns)\b/);
    expect(said[1]).toContain('would delete 1 of 1 run,');
  });
});

describe('tables of commands', () => {
  it('have their headings above what they head, counts at the right', async () => {
    const base = folder();
    const runDir = await runOf(base, 'a', numbers(1));
    const [head = '', line = ''] = (await expman('list', base)).stdout.split('\n');
    const [, , , , [, , end] = ['', 0, 0]] = headings(head);
    expect(headings(head)[4]?.[0]).toBe('rows');
    expect(line.slice(0, end)).toMatch(/ 4$/);
    const inspected = (await expman('inspect', runDir)).stdout.split('\n');
    const at = inspected.findIndex((each) => /^ +file +bytes$/.test(each));
    const length = inspected[at]?.length;
    for (const each of inspected.slice(at, -1)) expect(each).toHaveLength(length ?? 0);
  });

  it('call a histogram what it is, and show no text of a row as a figure of its run', async () => {
    const base = folder();
    const runDir = await runOf(base, 'a', numbers(1));
    const large = Array.from({ length: 1234 }, (_, at) => Math.sqrt(at));
    const other = await runOf(base, 'b', (run) => run.logHistogram('h', large, 0));
    const listed = (await expman('list', base)).stdout;
    expect(listed).toMatch(/n\/a .*loss 0\.25 {2}h histogram of 3/);
    expect(listed).toMatch(/n\/b .*h histogram of 1,234/);
    expect(listed).not.toContain('case');
    for (const command of [['inspect', runDir], ['compare', runDir, other], ['tail', runDir]] as const) {
      const { stdout } = await expman(...command);
      expect(stdout).toContain('histogram of 3');
      expect(stdout).not.toContain('edges');
    }
  }); // prettier-ignore

  it('call the least and the greatest min and max, in Markdown with their metric', async () => {
    const base = folder();
    await runOf(base, 'a', numbers(1));
    await runOf(base, 'b', numbers(2));
    const { stdout } = await expman('compare', base);
    expect(stdout).toMatch(/\n {2}loss .*\n {4}min .*\n {4}max /);
    const markdown = (await expman('compare', base, '--markdown')).stdout;
    expect(markdown).toContain('\n| loss min | 0.25 | 0.5 |\n| loss max | 1 | 2 |\n');
  });
});

describe('notes of several lines', () => {
  it('are printed as lines, in which a terminal obeys nothing', async () => {
    const base = folder();
    const notes = 'first\nsecond\r\n\u001b[31mthird';
    const runDir = await runOf(base, 'a', numbers(1), { notes });
    const { stdout } = await expman('inspect', runDir);
    expect(stdout).toContain(
      '  notes          first\n                 second\n                 \\u001b[31mthird\n',
    );
    const told = await expman('note', runDir, 'fourth', '--append');
    expect(told.stdout).toBe(`${runDir}  first\n  second\n  \\u001b[31mthird\n  fourth\n`);
  });
});

describe('a field that no run has', () => {
  const FIELDS = [
    [['--where', 'metrics.pass_rate.lst = 0.5'], 'metrics.pass_rate.lst', 'metrics.pass_rate.last'],
    [['--where', 'NOT (metrics.pas_rate.min > 0.5 OR status = FAILED)'], 'metrics.pas_rate.min', 'metrics.pass_rate.min'],
    [['--where', 'params.optimiser = adam'], 'params.optimiser', 'params.optimizer'],
    [['--sort', '-metrics.pass_rate.maxx'], 'metrics.pass_rate.maxx', 'metrics.pass_rate.max'],
    [['--sort', 'status,params.optimizr'], 'params.optimizr', 'params.optimizer'],
    [['--columns', 'metrics.passrate'], 'metrics.passrate', 'metrics.pass_rate'],
  ] as const; // prettier-ignore

  it.each(FIELDS)('is pointed at in %j', async (options, field, near) => {
    const base = folder();
    await runOf(base, 'a', (run) => {
      run.logParams({ optimizer: 'adam' });
      run.logMetrics({ pass_rate: 0.5 }, 0);
    });
    const { exit, stderr } = await expman('list', base, ...options);
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: `expman: no run has ${field}; did you mean ${near}?\n`,
    });
  });

  it('is said to have other ends where nothing is near', async () => {
    const base = folder();
    await runOf(base, 'a', numbers(1));
    const { stderr } = await expman('list', base, '--sort', 'metrics.loss.average');
    expect(stderr).toMatch(/^expman: no run has metrics\.loss\.average; metrics\.loss has last, min, max, /);
  });

  it('is pointed at once for runs of several paths, and before runs are deleted', async () => {
    const base = folder();
    const dirs = [await runOf(base, 'a', numbers(1)), await runOf(base, 'b', numbers(2))];
    const said = 'expman: no run has metrics.los; did you mean metrics.loss?\n';
    const compared = await expman('compare', ...dirs, '--where', 'metrics.los < 9');
    expect(compared.stderr.startsWith(said)).toBe(true);
    expect(compared.stderr.split(said)).toHaveLength(2);
    expect((await expman('clean', base, '--where', 'metrics.los < 9')).stderr).toBe(said);
  });

  it('is not where it is only asked to be absent, and none is where a run has it', async () => {
    const base = folder();
    await runOf(base, 'a', numbers(1));
    for (const where of ['metrics.acc IS NULL', 'NOT metrics.acc EXISTS', 'metrics.loss.mean < 9', 'metrics.loss > 99'])
      expect((await expman('list', base, '--where', where)).stderr).toBe('');
  }); // prettier-ignore
});

describe('a report', () => {
  it('says that a file is there, and replaces it with --force', async () => {
    const base = folder();
    const runDir = await runOf(base, 'a', numbers(1));
    const output = join(folder(), 'r.html');
    writeFileSync(output, 'mine');
    const refused = await expman('report', runDir, '--output', output);
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain(`${output} already exists; --force replaces it`);
    const { exit, stdout } = await expman('report', runDir, '--output', output, '--force', '--json');
    expect({ exit, ...(JSON.parse(stdout) as object) }).toMatchObject({ exit: 0, path: output, runs: 1 });
    expect((await expman('report', runDir, '--output', folder(), '--force')).stderr).toContain(
      'is a folder, not a file that can be replaced',
    );
  });
});

describe('a plot of several runs', () => {
  it('without colours draws each with a letter, which its legend names', async () => {
    const base = folder();
    for (const [at, name] of ['r1', 'r2', 'r3'].entries()) await runOf(base, name, numbers(at + 1));
    const { stdout } = await expman('plot', base, '--metric', 'loss');
    for (const [letter, name] of [['a', 'r1'], ['b', 'r2'], ['c', 'r3']] as const) {
      expect(stdout).toMatch(new RegExp(`\\n +${letter} n/${name} *\\n`));
      expect(stdout).toMatch(new RegExp(`[┤│].*${letter}`));
    }
    expect(stdout).not.toMatch(/[█━┃]/);
    expect((await expman('plot', join(base, 'n/r1'), '--metric', 'loss')).stdout).toMatch(/[━┃]/);
  }); // prettier-ignore
});

describe('two parameters that would have one path', () => {
  const params = { 'lr.decay': 1, lr: { decay: 2 }, 'a.b': 3 };

  it('are told apart: the name that has a dot is quoted, as in a filter', async () => {
    const base = folder();
    await runOf(base, 'a', (run) => run.logParams(params));
    await runOf(base, 'b', (run) => run.logParams({ ...params, 'lr.decay': 5 }));
    const { rows } = await queryRuns(base, "SELECT key, value FROM params WHERE run = 'a' ORDER BY value");
    expect(rows).toEqual([['"lr.decay"', '1'], ['lr.decay', '2'], ['a.b', '3']]);
    expect((await expman('compare', base)).stdout).toMatch(/\n {2}"lr\.decay" +1 +5\n/);
    expect((await expman('list', base, '--where', 'params."lr.decay" = 5')).stdout).toContain('n/b');
  }); // prettier-ignore
});

describe('a bigint that a number holds', () => {
  it('reads alike wherever it is read', async () => {
    const base = folder();
    const values = { small: 5n, large: 2n ** 60n };
    const run = new LoggingEngine(new ExperimentConfig('n', base, { environment: false }));
    run.logParams(values);
    run.logMetrics(values, 0);
    await run.flush();
    const open = await readRun(run.runDir);
    const { metrics } = await run.close();
    const closed = await readRun(run.runDir);
    const { facts } = openRun(run.runDir);
    for (const each of [open.metrics, metrics, closed.metrics, facts.metrics])
      expect([each.get('small')?.last, each.get('small')?.min, each.get('large')?.last]).toEqual([5, 5, 2n ** 60n]);
    for (const each of [open.params, closed.params, facts.params])
      expect({ ...each }).toEqual({ small: 5, large: 2n ** 60n });
  }); // prettier-ignore
});

describe('the views of a query', () => {
  it('have their columns in the help', async () => {
    const base = folder();
    await runOf(base, 'a', numbers(1));
    const help = (await expman('query', '--help')).stdout;
    const views = (await queryRuns(base, 'SHOW TABLES')).rows.map(([name]) => String(name));
    expect(views).toContain('summaries');
    for (const view of views) {
      const { rows } = await queryRuns(base, `SELECT column_name FROM (DESCRIBE FROM ${view})`);
      const [, said = ''] = new RegExp(`\\n  ${view} +((?:.*\\n(?: {13}.*\\n)*))`).exec(help) ?? [];
      const names = rows
        .map(([name]) => String(name))
        .filter((name) => !['loss', 'case', 'h'].includes(name));
      for (const name of names) expect(`${view}: ${said}`).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  it('are pointed at where a field of a filter is asked for', async () => {
    const base = folder();
    await runOf(base, 'a', numbers(1));
    const { exit, stderr } = await expman('query', base, 'SELECT params.lr FROM runs');
    expect(exit).toBe(2);
    expect(stderr).toContain("rows of the view params: SELECT run, value FROM params WHERE key = 'lr'");
    expect((await expman('query', base, 'SELECT metrics.loss FROM runs')).stderr).toContain(
      'rows of the view metrics',
    );
  });
});

describe('doctor', () => {
  it('looks at inodes as well as at bytes', () => {
    expect(roomFinding('/d', { bytes: 5e9, inodes: 1e6 })).toEqual({
      kind: 'fine',
      what: '5.0 GB and 1,000,000 inodes free in /d',
    });
    expect(roomFinding('/d', { bytes: 5e9, inodes: 3 }).kind).toBe('problem');
    expect(roomFinding('/d', { bytes: 5e8, inodes: 1e6 }).kind).toBe('problem');
    expect(roomFinding('/d', { bytes: 5e9, inodes: null })).toEqual({
      kind: 'fine',
      what: '5.0 GB free in /d',
    });
  });
});

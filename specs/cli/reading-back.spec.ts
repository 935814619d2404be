import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openRun } from 'expman-rx/reader';
import { runChild } from '../support/child.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { json, type Listed, logged, names, threeRuns } from './three-runs.js';

const folder = tempFolders('cli-reading');

describe('JSON of every command', () => {
  it('has integers as numbers, as text those beyond 2^53, and -0', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'r', environment: false }));
    run.logMetrics({ n: 7n, big: 2n ** 60n, zero: -0 }, 0);
    const { runDir } = await run.close();
    const said = [
      ...['inspect', 'list', 'compare'].map((command) => [command, runDir]),
      ['tail', runDir, '--no-log'],
      ['query', base, 'SELECT n, big, zero FROM wide'],
    ];
    for (const args of said) {
      const text = (await expman(...args, '--json')).stdout.replace(/\s/g, '');
      expect(text, args[0]).toMatch(/"n":(?:\{"last":)?\[?7[,}\]]/);
      expect(text, args[0]).toMatch(/"big":(?:\{"last":)?\[?"1152921504606846976"/);
      expect(text, args[0]).toMatch(/"zero":(?:\{"last":)?\[?-0[,}\]]/);
    }
    expect((await expman('list', '--help')).stdout).toMatch(/beyond\s2\^53/);
  });

  it('has every column of a query, also two of one name', async () => {
    const end = await expman('query', folder(), 'SELECT 1 AS x, 2 AS x, 3 AS x_2', '--json');
    expect(json(end)).toEqual([{ x: 1, x_3: 2, x_2: 3 }]);
  });

  it('has only codes there are, of a link in place of a file for one', async () => {
    const base = folder();
    const runDir = await logged(base, 'one', 1);
    renameSync(join(runDir, 'metrics.parquet'), join(base, 'elsewhere.parquet'));
    symlinkSync(join(base, 'elsewhere.parquet'), join(runDir, 'metrics.parquet'));
    const [found] = json(await expman('verify', runDir, '--json')) as {
      readonly problems: readonly { readonly code: string }[];
    }[];
    expect(found?.problems.map(({ code }) => code)).toContain('IO');
    expect(found?.problems.map(({ code }) => code)).not.toContain('ELOOP');
  });
});

describe('a run that was killed', () => {
  it('took as long as it had rows or lines of its log', async () => {
    const base = folder();
    const { runDir } = await runChild(
      base,
      `const run = open(); run.logMetrics({ a: 1 });
       for (const at = Date.now(); Date.now() < at + 50;);
       run.logMetrics({ a: 2 });
       await run.flush(); process.kill(process.pid, 'SIGKILL');`,
    );
    const [listed] = json(await expman('list', runDir, '--json')) as { readonly durationMs: number }[];
    expect(listed?.durationMs).toBeGreaterThanOrEqual(50);
    expect((await expman('list', runDir)).stdout).not.toMatch(/ 0 ms /);
  });
});

describe('a run that cannot be read', () => {
  it('ends no command that shows others: it is named, and is the exit code', async () => {
    const { base, dirs } = await threeRuns(folder());
    const [one = '', two = '', three = ''] = dirs;
    renameSync(join(two, 'metrics.parquet'), join(base, 'elsewhere.parquet'));
    symlinkSync(join(base, 'elsewhere.parquet'), join(two, 'metrics.parquet'));
    for (const args of [
      ['plot', base],
      ['plot', ...dirs],
      ['inspect', ...dirs],
    ]) {
      const { exit, stdout, stderr } = await expman(...args);
      expect(exit).toBeGreaterThan(1);
      expect(stdout).toContain('exp/one');
      expect(stdout).toContain('exp/three');
      expect(stderr).toMatch(/^expman: left out: .*exp\/two: [A-Z]+: .*\n$/);
    }
    expect(names(await expman('inspect', one, two, '--json'))).toEqual(['one']);
    writeFileSync(join(two, 'run.yaml'), 'uuid: x\n');
    for (const args of [
      ['compare', base],
      ['compare', one, two, three],
      ['plot', base],
    ]) {
      const { exit, stdout, stderr } = await expman(...args);
      expect(exit).toBe(2);
      expect(stdout).toMatch(/one[^]*three|three[^]*one/);
      expect(stderr).toMatch(/^expman: left out: .*exp\/two: CORRUPT: .*\n$/);
    }
    expect(await expman('inspect', two)).toMatchObject({ exit: 2, stdout: '' });
    expect(await expman('compare', one, join(base, 'nope'))).toMatchObject({ exit: 2 });
  });
});

describe('expman query', () => {
  it('asks SQL about all runs, the rows of an open one included', async () => {
    const { base } = await threeRuns(folder());
    const run = new LoggingEngine(
      new ExperimentConfig('exp', base, { runName: 'open', flushIntervalMs: 60_000 }),
    );
    run.logMetrics({ loss: 7 }, 0);
    await run.flush();
    const sql =
      "SELECT run, count(*) AS n, max(value) AS top FROM metrics WHERE metric = 'loss' GROUP BY run ORDER BY run";
    expect(json(await expman('query', base, sql, '--json'))).toEqual([
      { run: 'one', n: 20, top: 0.01 },
      { run: 'open', n: 1, top: 7 },
      { run: 'three', n: 20, top: 1 },
      { run: 'two', n: 20, top: 0.1 },
    ]);
    expect((await expman('query', base, sql)).stdout).toMatch(/run +n +top\n +one +20 +0\.01\n/);
    expect(await expman('query', base, 'SELECT nope FROM runs')).toMatchObject({ exit: 2 });
    expect(await expman('query', base, 'SELECT 1', '--timeout', '100d')).toMatchObject({
      exit: 1,
      stdout: '',
      stderr: expect.stringMatching(/^expman: --timeout must be a time up to 24d; got "100d"\n/) as string,
    });
    expect(await expman('query', base, "COPY runs TO '/tmp/x.csv'")).toMatchObject({ exit: 2 });
    await run.close();
  });
});

describe('expman export and import', () => {
  it.each(['csv', 'json', 'ndjson', 'arrow', 'parquet', 'neptune', 'tensorboard'])(
    'bring a run to %s and back',
    async (format) => {
      const base = folder();
      const runDir = await logged(base, 'one', 0.5);
      const [out, dir] = [join(base, `out.${format}`), join(base, 'imported')];
      expect(await expman('export', runDir, '--format', format, '-o', out)).toMatchObject({ exit: 0 });
      expect(await expman('import', out, '--dir', dir, '--json')).toMatchObject({ exit: 0 });
      const [imported] = json(await expman('list', dir, '--json')) as Listed[];
      expect(imported).toMatchObject({
        experiment: 'exp',
        run: 'one',
        status: 'FINISHED',
        params: { lr: 0.5 },
      });
      const rows: unknown[] = [];
      for await (const { step, values } of openRun(imported?.runDir ?? '').rows())
        rows.push([step, { ...values }]);
      expect(rows).toEqual(
        Array.from({ length: 20 }, (_, step) => [step, { loss: 0.5 / (step + 1), phase: 'warm' }]),
      );
    },
  );

  it('make the folders above, and take an empty one for none', async () => {
    const base = folder();
    const runDir = await logged(base, 'one', 1);
    const inside = join(base, 'a/b/one.json');
    expect(await expman('export', runDir, '--format', 'json', '-o', inside)).toMatchObject({ exit: 0 });
    expect(existsSync(inside)).toBe(true);
    mkdirSync(join(base, 'made'));
    expect(await expman('export', runDir, '--format', 'tensorboard', '-o', join(base, 'made'))).toMatchObject(
      { exit: 0 },
    );
    expect(readdirSync(join(base, 'made'))).toHaveLength(1);
    const again = await expman('export', runDir, '--format', 'tensorboard', '-o', join(base, 'made'));
    expect(again).toMatchObject({ exit: 2, stderr: expect.stringContaining('already exists') as string });
  });

  it('say what is missing, and leave alone what is there', async () => {
    const base = folder();
    const runDir = await logged(base, 'one', 1);
    writeFileSync(join(base, 'taken'), 'mine');
    expect(await expman('export', runDir, '-o', join(base, 'x'))).toMatchObject({ exit: 1 });
    expect(await expman('export', runDir, '--format', 'csv', '-o', join(base, 'taken'))).toMatchObject({
      exit: 2,
    });
    expect(readFileSync(join(base, 'taken'), 'utf8')).toBe('mine');
    expect(await expman('import', join(base, 'taken'), '--dir', join(base, 'd'))).toMatchObject({ exit: 2 });
    expect(existsSync(join(base, 'd'))).toBe(false);
  });
});

describe('expman archive and unarchive', () => {
  it('move a run as one file', async () => {
    const [base, other] = [folder(), folder()];
    const runDir = await logged(base, 'one', 1);
    const file = join(base, 'one.tar.gz');
    expect(await expman('archive', runDir, '-o', file)).toMatchObject({ exit: 0 });
    expect(json(await expman('unarchive', file, '--dir', other, '--json'))).toMatchObject({
      runDir: join(other, 'exp/one'),
    });
    expect(await expman('verify', other)).toMatchObject({ exit: 0 });
    expect(await expman('unarchive', file, '--dir', other)).toMatchObject({ exit: 2 });
    expect(await expman('unarchive', file, '--dir', other, '--run-name', 'two')).toMatchObject({ exit: 0 });
    expect(names(await expman('list', other, '--json'))).toEqual(['one', 'two']);
  });
});

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
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { openRun } from 'expman-rx/reader';
import { runChild } from '../support/child.js';
import type { CliEnd } from '../support/cli.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('cli-reading');

interface Listed {
  readonly experiment: string;
  readonly run: string;
  readonly runDir: string;
  readonly status: string;
}

const json = ({ stdout }: CliEnd): unknown => JSON.parse(stdout);
const names = (end: CliEnd): string[] => (json(end) as Listed[]).map(({ run }) => run);

async function logged(base: string, runName: string, lr: number, experiment = 'exp'): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig(experiment, base, { runName, tags: lr < 0.5 ? ['low'] : [], environment: false }),
  );
  run.logParams({ lr, optimizer: 'Adam', model: { name: 'mlp', layers: lr < 0.1 ? 1 : 2 } });
  for (let step = 0; step < 20; step++) run.logMetrics({ loss: lr / (step + 1), phase: 'warm' }, step);
  run.logger.info('epoch done', { epoch: 1 });
  run.logger.warn('evil \u001b[31m');
  return (await run.close(lr > 1 ? RunStatus.Failed : RunStatus.Finished)).runDir;
}

/** Three runs, in the order they began. */
async function threeRuns(
  base = folder(),
): Promise<{ readonly base: string; readonly dirs: readonly string[] }> {
  const dirs: string[] = [];
  for (const [index, name] of ['one', 'two', 'three'].entries())
    dirs.push(await logged(base, name, 10 ** (index - 2)));
  return { base, dirs };
}

/** What a terminal would obey. */
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

describe('expman list', () => {
  it('shows runs as a table, and as JSON with all that is known', async () => {
    const { base, dirs } = await threeRuns();
    const { exit, stdout } = await expman('list', base);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/run +status +started +took +rows +tags +metrics\n/);
    // The text of a row says nothing of its run.
    expect(stdout).toMatch(/exp\/one +FINISHED .* 20 +low +loss 0\.0005 {2}… and 1 more\n/);
    expect(json(await expman('list', base, '--json'))).toMatchObject([
      { experiment: 'exp', run: 'one', runDir: dirs[0], status: 'FINISHED', rows: 20, tags: ['low'] },
      { run: 'three', params: { lr: 1, model: { layers: 2 } }, metrics: { loss: { min: 0.05, count: 20 } } },
      { run: 'two', startedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string },
    ]);
  });

  it('filters, sorts, limits and adds columns', async () => {
    const { base } = await threeRuns();
    const where = "params.lr < 0.5 AND metrics.loss.min < 0.2 AND tags HAS 'low' AND status = FINISHED";
    expect(names(await expman('list', base, '--json', '--where', where))).toEqual(['one', 'two']);
    expect(names(await expman('list', base, '--json', '--sort', '-params.lr'))).toEqual([
      'three',
      'two',
      'one',
    ]);
    expect(names(await expman('list', base, '--json', '--sort', 'metrics.loss.min', '--limit', '1'))).toEqual(
      ['one'],
    );
    expect((await expman('list', base, '--columns', 'params.lr,metrics.loss.max')).stdout).toMatch(
      /params\.lr +metrics\.loss\.max\n.*exp\/one .* 0\.01 +0\.01\n/,
    );
  });

  it('has a column for refused values where a run has any, and inspect says them, too', async () => {
    const { base, dirs } = await threeRuns();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'four', environment: false }));
    for (let step = 0; step < 12; step++) run.logMetrics({ loss: null as unknown as number }, step);
    await run.close();
    const { stdout } = await expman('list', base);
    expect(stdout).toMatch(/ rows +invalid +(tags +)?metrics\n/);
    expect(stdout).toMatch(/exp\/four +FINISHED .* 12 +12\s/);
    expect((await expman('inspect', run.runDir)).stdout).toMatch(/invalid values +12\n/);
    expect((await expman('inspect', dirs[0] ?? '')).stdout).not.toContain('invalid');
  });

  it('points at the place of a filter that it does not understand', async () => {
    const { base } = await threeRuns();
    const { exit, stderr } = await expman('list', base, '--where', 'params.lr << 3');
    expect(exit).toBe(2);
    expect(stderr).toMatch(/INVALID_FILTER: .*\n {2}params\.lr << 3\n {2}  *\^\n/);
  });

  it('shows a run that cannot be read beside the others', async () => {
    const { base } = await threeRuns();
    mkdirSync(join(base, 'exp/broken'));
    writeFileSync(join(base, 'exp/broken/run.yaml'), 'uuid: x\u001b]0;evil\u0007\n');
    const end = await expman('list', base, '--json');
    expect(json(end)).toHaveLength(4);
    expect(json(end)).toContainEqual(
      expect.objectContaining({
        experiment: 'exp',
        run: 'broken',
        status: 'UNREADABLE',
        rows: 0,
        metrics: {},
      }),
    );
    const { stdout, stderr, exit } = await expman('list', base);
    expect(exit).toBe(0);
    expect(stdout).toContain('exp/one');
    expect(stderr).toMatch(/exp\/broken cannot be read: CORRUPT/);
  });

  it('finds nothing in an empty folder, and says so of one that is not there', async () => {
    const base = folder();
    expect(await expman('list', base)).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('no runs') as string,
    });
    expect(await expman('list', base, '--json')).toMatchObject({ exit: 0, stdout: '[]\n' });
    expect(await expman('list', join(base, 'nope'))).toMatchObject({ exit: 2 });
  });
});

describe('expman tail', () => {
  it('prints the last lines and rows, nothing a terminal would obey', async () => {
    const { dirs } = await threeRuns();
    const { exit, stdout } = await expman('tail', dirs[0] ?? '', '-n', '2');
    expect(exit).toBe(0);
    expect(stdout).not.toMatch(OBEYED);
    // Within a millisecond, which is all that lines know, either kind may come first.
    expect(stdout).toMatch(/step 18 [^]*step 19 {2}loss 0\.0005 {2}phase warm\n/);
    expect(stdout).toMatch(/INFO +epoch done \{"epoch":1\}\n[^]*WARN/);
    expect(
      (await expman('tail', dirs[0] ?? '', '--level', 'warn', '--no-rows')).stdout.trim().split('\n'),
    ).toHaveLength(1);
    const rows = (await expman('tail', dirs[0] ?? '', '--no-log', '--metrics', 'loss', '-n', '1', '--json'))
      .stdout;
    expect(JSON.parse(rows)).toMatchObject({ kind: 'row', step: 19, values: { loss: 0.0005 } });
  });

  it('follows a run until it ends, the rows and lines in between included', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
    run.logMetrics({ loss: -1 }, 0);
    await run.flush();
    const tailed = expman('tail', '-f', run.runDir, '--json');
    // Its own reading, so that what is logged from here on comes after it has begun.
    for (let step = 1; step <= 200; step++) {
      run.logMetrics({ loss: step }, step);
      await run.flush();
    }
    run.logger.info('the end');
    await run.close();
    const { exit, stdout } = await tailed;
    expect(exit).toBe(0);
    const items = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; step?: number });
    const steps = items.flatMap(({ step }) => step ?? []);
    expect(steps.at(-1)).toBe(200);
    expect(steps).toEqual(Array.from({ length: steps.length }, (_, index) => 201 - steps.length + index));
    expect(items.filter(({ kind }) => kind === 'log')).toHaveLength(1);
  });
});

describe('expman compare', () => {
  it('shows in what runs differ, parameters first', async () => {
    const { base, dirs } = await threeRuns();
    const { stdout } = await expman('compare', base);
    expect(stdout).toMatch(/one +three +two\n[^]*lr +0\.01 +1 +0\.1\n[^]*model\.layers[^]*loss/);
    expect(stdout).not.toContain('optimizer');
    expect((await expman('compare', base, '--all')).stdout).toContain('optimizer');
    expect(json(await expman('compare', dirs[0] ?? '', dirs[2] ?? '', '--json'))).toMatchObject({
      runs: [{ run: 'one' }, { run: 'three' }],
      params: { lr: [0.01, 1], 'model.layers': [1, 2] },
      metrics: { loss: { min: [0.0005, 0.05], last: [0.0005, 0.05] } },
    });
    expect((await expman('compare', base, '--markdown')).stdout).toMatch(
      /^\| {2}\| one \| three \| two \|\n\| --- \| ---: \|/,
    );
  });
});

describe('expman plot', () => {
  it('draws a metric of several runs, and gives its points as JSON', async () => {
    const { dirs } = await threeRuns();
    const { exit, stdout } = await expman(
      'plot',
      ...dirs,
      '--metric',
      'loss',
      '--log',
      '--width',
      '40',
      '--height',
      '6',
    );
    expect(exit).toBe(0);
    expect(stdout).toMatch(/loss[^]*┤[^]*exp\/one[^]*exp\/two[^]*exp\/three/);
    const plotted = json(await expman('plot', dirs[0] ?? '', '--smooth', '0.5', '--json')) as {
      readonly metric: string;
      readonly curves: readonly { readonly points: readonly (readonly number[])[] }[];
    };
    expect(plotted.metric).toBe('loss');
    expect(plotted.curves[0]?.points[1]).toEqual([1, (0.01 + 2 * 0.005) / 3]);
    expect(await expman('plot', dirs[0] ?? '', '-m', 'phase')).toMatchObject({ exit: 2 });
    expect(await expman('plot', dirs[0] ?? '', '--smooth', '2')).toMatchObject({ exit: 1 });
  });
});

describe('--metrics with a name no run has', () => {
  it('is refused, with those there are', async () => {
    const runDir = await logged(folder(), 'one', 1);
    for (const command of ['tail', 'compare'])
      expect(await expman(command, runDir, '--metrics', 'los')).toMatchObject({
        exit: 2,
        stdout: '',
        stderr: expect.stringMatching(/"los"; did you mean loss\?; metrics are loss, phase\n/) as string,
      });
  });
});

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
    const { base, dirs } = await threeRuns();
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

describe('the axis of expman plot', () => {
  it('has fractions of a second, and large steps that do not touch', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'r', environment: false }));
    for (let at = 0; at < 20; at++)
      run.metrics.next({
        step: 1e12 + at * 1e11,
        timestamp: 1.7e12 + at * 30,
        values: { loss: 1 / (at + 1) },
      });
    const { runDir } = await run.close();
    const axis = async (...args: readonly string[]): Promise<string[]> =>
      (await expman('plot', runDir, ...args)).stdout.trimEnd().split('\n').at(-1)?.trim().split(/ +/) ?? [];
    expect(await axis('-x', 'time')).toEqual(['0', '0.14', '0.28', '0.43', '0.57']);
    expect(await axis()).toEqual(['1000000000000', '1633333333333', '2266666666667', '2900000000000']);
    expect(await axis('--width', '20')).toEqual(['1000000000000', '2900000000000']);
  });
});

describe('expman query', () => {
  it('asks SQL about all runs, the rows of an open one included', async () => {
    const { base } = await threeRuns();
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
    expect(again).toMatchObject({ exit: 2, stderr: expect.stringContaining('is there already') as string });
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

describe('expman tag and note', () => {
  it('change what a closed run says of itself, and nothing of one that is open', async () => {
    const { base, dirs } = await threeRuns();
    expect(await expman('tag', dirs[0] ?? '', '--add', 'good,great', '--remove', 'low')).toMatchObject({
      exit: 0,
    });
    expect(await expman('note', dirs[0] ?? '', 'first')).toMatchObject({ exit: 0 });
    expect(await expman('note', dirs[0] ?? '', 'second', '--append')).toMatchObject({ exit: 0 });
    expect(json(await expman('list', dirs[0] ?? '', '--json'))).toMatchObject([
      { tags: ['good', 'great'], notes: 'first\nsecond', rows: 20, metrics: { loss: { count: 20 } } },
    ]);
    expect(await expman('verify', dirs[0] ?? '')).toMatchObject({ exit: 0 });
    expect(await expman('tag', dirs[0] ?? '', '--add', 'x'.repeat(200))).toMatchObject({ exit: 2 });
    const run = new LoggingEngine(new ExperimentConfig('exp', base));
    expect(await expman('tag', run.runDir, '--add', 'x')).toMatchObject({ exit: 4 });
    expect((await run.close()).status).toBe('FINISHED');
  });
});

describe('expman clean', () => {
  it('says what it would delete, and does it when it is told to', async () => {
    const { base, dirs } = await threeRuns();
    await logged(base, 'lone', 1, 'other');
    const dry = json(await expman('clean', base, '--keep', '1', '--json'));
    expect(dry).toMatchObject({ dryRun: true, kept: 2 });
    expect(dirs.every((runDir) => existsSync(runDir))).toBe(true);
    const done = json(await expman('clean', base, '--keep', '1', '--force', '--json')) as {
      readonly deleted: readonly Listed[];
    };
    expect(done).toMatchObject({ dryRun: false, kept: 2, failed: [] });
    expect(done.deleted.map(({ run }) => run).sort()).toEqual(['one', 'two']);
    expect(readdirSync(join(base, 'exp'))).toEqual(expect.arrayContaining(['three', 'experiment.yaml']));
    expect(readdirSync(join(base, 'exp'))).not.toContain('one');
    expect(readdirSync(join(base, 'other'))).toContain('lone');
  });

  it('deletes no run that is open, no link, and nothing that is no run', async () => {
    const [base, elsewhere] = [folder(), folder()];
    const secret = await logged(elsewhere, 'secret', 1);
    const runDir = await logged(base, 'one', 1);
    mkdirSync(join(base, 'exp/not-a-run'));
    symlinkSync(secret, join(base, 'exp/linked'));
    symlinkSync(secret, join(runDir, 'artifacts'));
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'open' }));
    expect(await expman('clean', base, '--keep', '0', '--force')).toMatchObject({ exit: 0 });
    expect(readdirSync(join(base, 'exp')).sort()).toEqual(['experiment.yaml', 'linked', 'not-a-run', 'open']);
    expect(existsSync(join(secret, 'metrics.parquet'))).toBe(true);
    await run.close();
  });

  it('goes by age and filter, and wants to be told which', async () => {
    const { base } = await threeRuns();
    expect(await expman('clean', base, '--force')).toMatchObject({ exit: 1 });
    expect(json(await expman('clean', base, '--older-than', '1d', '--force', '--json'))).toMatchObject({
      deleted: [],
    });
    const end = json(await expman('clean', base, '--where', 'params.lr = 0.1', '--force', '--json'));
    expect(end).toMatchObject({ deleted: [{ run: 'two' }], kept: 2 });
  });
});

describe('expman reap and doctor', () => {
  it('find a run that has lost its process, and bring it to its end', async () => {
    const base = folder();
    const code =
      "const run = open(); run.logMetrics({ a: 1 }, 0); await run.flush(); process.kill(process.pid, 'SIGKILL');";
    const { runDir } = await runChild(base, code);
    expect((await expman('doctor', base)).stdout).toMatch(/1 run whose process has died: /);
    expect(json(await expman('reap', base, '--json'))).toMatchObject({
      recovered: [{ runDir, status: 'CRASHED' }],
    });
    expect(json(await expman('reap', base, '--json'))).toEqual({ recovered: [], failed: [] });
    const { exit, stdout } = await expman('doctor', base);
    expect(exit).toBe(0);
    expect(stdout).not.toContain('lost their process');
  });

  it('say what is wrong with a folder', async () => {
    const base = folder();
    mkdirSync(join(base, 'exp/broken'), { recursive: true });
    writeFileSync(join(base, 'exp/broken/run.yaml'), '');
    expect(await expman('doctor', base)).toMatchObject({ exit: 2 });
    expect(await expman('doctor', join(base, 'nope'))).toMatchObject({ exit: 2 });
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

describe('expman completion', () => {
  it.each(['bash', 'zsh', 'fish'])('knows every command in %s', async (shell) => {
    const { exit, stdout } = await expman('completion', shell);
    expect(exit).toBe(0);
    for (const name of ['list', 'query', 'unarchive']) expect(stdout).toContain(name);
  });

  it('knows no other shell', async () => {
    expect(await expman('completion', 'tcsh')).toMatchObject({ exit: 1 });
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { json, logged, names, threeRuns } from './three-runs.js';

const folder = tempFolders('cli-reading');

/** What a terminal would obey. */
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

describe('expman list', () => {
  it('shows runs as a table, and as JSON with all that is known', async () => {
    const { base, dirs } = await threeRuns(folder());
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
    const { base } = await threeRuns(folder());
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
    expect((await expman('list', base, '--columns', 'tags')).stdout).toMatch(/rows +tags\n.*exp\/one /);
  });

  it('has a column for refused values where a run has any, and inspect says them, too', async () => {
    const { base, dirs } = await threeRuns(folder());
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
    const { base } = await threeRuns(folder());
    const { exit, stderr } = await expman('list', base, '--where', 'params.lr << 3');
    expect(exit).toBe(2);
    expect(stderr).toMatch(/INVALID_FILTER: .*\n {2}params\.lr << 3\n {2}  *\^\n/);
  });

  it('shows a run that cannot be read beside the others', async () => {
    const { base } = await threeRuns(folder());
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
    const { dirs } = await threeRuns(folder());
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
    const { base, dirs } = await threeRuns(folder());
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
    const { dirs } = await threeRuns(folder());
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
        stderr: expect.stringMatching(
          /"los"; did you mean loss\? \(known metrics: loss, phase\)\n/,
        ) as string,
      });
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

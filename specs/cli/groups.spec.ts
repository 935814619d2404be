import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { printedRows } from './csv-rig.js';
import { json, runOf } from './three-runs.js';

const folder = tempFolders('cli-groups');

/** Four runs of two models and two seeds each; the bigger model has the higher score. */
async function models(base: string): Promise<void> {
  for (const [at, model] of ['small', 'small', 'big', 'big'].entries())
    await runOf(
      base,
      `r${at}`,
      (run) => {
        run.defineMetric('score', { goal: 'max' });
        run.defineMetric('loss', { x: 'epoch', summary: 'best', goal: 'min' });
        run.logParams({ model, seed: at });
        run.summary({ score: at / 10 }, { headline: true });
        for (let step = 0; step < 10; step++)
          run.logMetrics({ loss: 10 - step + at, epoch: step / 10 }, step);
      },
      { tags: at > 1 ? ['new'] : [] },
    );
}

describe('expman list --group-by', () => {
  it('has a row per group: how many runs, mean and deviation', async () => {
    const base = folder();
    await models(base);
    const { stdout } = await expman('list', base, '--group-by', 'params.model', '--columns', 'score,loss');
    expect(stdout).toMatch(/params\.model +runs +score +loss\n/);
    expect(stdout).toMatch(
      /big +2 +0\.25 ± 0\.0707107 best 0\.3 +3\.5 ± 0\.707107 best 3\n +small +2 +0\.05 ± 0\.0707107 best 0\.1 +1\.5 ± 0\.707107 best 1\n/,
    );
    expect(json(await expman('list', base, '--group-by', 'tag', '--json'))).toMatchObject([
      { group: 'new', count: 2, figures: { score: { best: { value: 0.3, runDir: join(base, 'exp/r3') } } } },
      { group: null, count: 2, runs: [join(base, 'exp/r0'), join(base, 'exp/r1')] },
    ]);
    expect(
      await printedRows(folder(), 'list', base, '--group-by', 'params.model', '--columns', 'score'),
    ).toEqual([
      {
        ...{ 'params.model': 'big', runs: '2', 'score.mean': '0.25' },
        ...{
          'score.deviation': expect.stringMatching(/^0\.0707106781/) as string,
          'score.min': '0.2',
          'score.max': '0.3',
          'score.count': '2',
          'score.best': '0.3',
          'score.bestRun': 'exp/r3',
        },
      },
      expect.objectContaining({ 'params.model': 'small', 'score.max': '0.1' }) as object,
    ]);
  });

  it('shows four figures, and says how many more there are', async () => {
    const base = folder();
    await runOf(base, 'a', (run) => {
      run.summary({ a: 1, b: 2, c: 3, d: 4, e: 5 });
      run.logMetrics({ f: 1 });
    });
    const { stdout } = await expman('list', base, '--group-by', 'group');
    expect(stdout).toMatch(/group +runs +a +b +c +d\n +- +1 +1 +2 +3 +4\n/);
    expect(stdout).toContain('… and 2 more figures; --columns chooses them');
  });

  it('says of how many runs a figure is, where some lack it', async () => {
    const base = folder();
    for (const [at, name] of ['a', 'b', 'c'].entries())
      await runOf(base, name, (run) => {
        if (at > 0) run.summary({ f1: at });
        if (at > 1) run.summary({ recall: 0.5 });
      });
    const { stdout } = await expman('list', base, '--group-by', 'group', '--columns', 'f1,recall');
    expect(stdout).toMatch(/- +3 +1\.5 ± 0\.707107 of 2 +0\.5 of 1\n/);
  });

  it('points out a field and figures that no run has', async () => {
    const base = folder();
    await models(base);
    const { exit, stderr } = await expman(
      ...['list', base, '--group-by', 'params.modl', '--columns', 'score,metrics.loss.min,skore'],
    );
    expect(exit).toBe(0);
    expect(stderr.split('\n')).toEqual([
      'expman: no run has params.modl; did you mean params.model?',
      'expman: no run has a number of skore; did you mean score?',
      '',
    ]);
  });

  it('is refused with --sort, and for a field that does not exist', async () => {
    const base = folder();
    await models(base);
    expect(await expman('list', base, '--group-by', 'tag', '--sort', 'rows')).toMatchObject({ exit: 1 });
    const { exit, stderr } = await expman('list', base, '--group-by', 'param.model');
    expect(exit).toBe(2);
    expect(stderr).toContain('did you mean params?');
  });

  it('says which runs cannot be read', async () => {
    const base = folder();
    await models(base);
    mkdirSync(join(base, 'exp/bad'));
    writeFileSync(join(base, 'exp/bad/run.yaml'), 'cut off');
    expect((await expman('list', base, '--group-by', 'tag')).stderr).toContain('cannot be read: CORRUPT');
  });
});

describe('expman plot of runs as points', () => {
  it('draws one point per run, over the time they started or any other field', async () => {
    const base = folder();
    await models(base);
    const exp = join(base, 'exp');
    expect(json(await expman('plot', exp, '-m', 'score', '--by', 'params.seed', '--json'))).toMatchObject({
      metric: 'score',
      by: 'params.seed',
      points: [
        { run: 'r0', x: 0, value: 0 },
        { x: 1, value: 0.1 },
        { x: 2 },
        { x: 3, runDir: join(exp, 'r3') },
      ],
    });
    const { exit, stdout } = await expman('plot', exp, '--last', '3', '--width', '60');
    expect(exit).toBe(0);
    expect(stdout).toContain('score by startedAt');
    expect(stdout).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d/);
    expect((await expman('plot', exp, '-m', 'loss', '--by', 'params.model')).stdout).toMatch(/big +small/);
  });

  it('says how many runs lack the figure, and what there is where none has it', async () => {
    const base = folder();
    await models(base);
    await runOf(base, 'other', (run) => run.logMetrics({ x: 1 }));
    expect((await expman('plot', base, '-m', 'score', '--by', 'startedAt')).stderr).toContain(
      'left out: 1 run without score or startedAt',
    );
    const none = await expman('plot', base, '-m', 'skore', '--by', 'startedAt');
    expect(none).toMatchObject({ exit: 2 });
    expect(none.stderr).toContain('did you mean score? (there are score, x, loss, epoch)');
    expect(await expman('plot', base, '--by', 'run', '--smooth', '0.5')).toMatchObject({ exit: 1 });
  });

  it('says what cannot be drawn', async () => {
    const base = folder();
    await runOf(base, 'a', (run) => run.summary({ s: NaN }));
    await runOf(base, 'b', (run) => run.summary({ s: 1 }));
    expect((await expman('plot', base, '-m', 's', '--last', '5')).stdout).toContain('exp: not drawn: 1 NaN');
    expect((await expman('plot', join(base, 'exp/a'), '-m', 's', '--last', '5')).stderr).toContain(
      'no value of s can be drawn: 1 NaN',
    );
  });
});

describe('the x axis of expman plot', () => {
  it('is the one of the definition, or the one that is chosen', async () => {
    const base = folder();
    await models(base);
    const plotted = async (...args: readonly string[]): Promise<unknown> =>
      json(await expman('plot', join(base, 'exp/r0'), '-m', 'loss', '--json', ...args));
    const over = (xOf: (step: number) => number): object[] => [
      { name: 'exp/r0', notDrawn: {}, points: Array.from({ length: 10 }, (_, at) => [xOf(at), 10 - at]) },
    ];
    expect(await plotted()).toEqual({ metric: 'loss', x: 'epoch', curves: over((step) => step / 10) });
    expect(await plotted('-x', 'step')).toEqual({ metric: 'loss', x: 'step', curves: over((step) => step) });
    expect(await expman('plot', base, '-x', 'epic')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('--x must be step, time or a metric of the runs; got "epic"') as string,
    });
  });

  it('takes the latest value that was logged before, where a row has none of its own', async () => {
    const base = folder();
    const runDir = await runOf(base, 'a', (run) => {
      run.logMetrics({ loss: 9 }, 0);
      run.logMetrics({ epoch: 1 }, 1);
      for (const step of [2, 3]) run.logMetrics({ loss: step }, step);
      run.logMetrics({ epoch: 2 }, 4);
      run.logMetrics({ loss: 5 }, 5);
    });
    expect(json(await expman('plot', runDir, '-m', 'loss', '-x', 'epoch', '--json'))).toMatchObject({
      curves: [
        {
          points: [
            [1, 2],
            [1, 3],
            [2, 5],
          ],
        },
      ],
    });
  });

  it('keeps the peaks of many points', async () => {
    const base = folder();
    const runDir = await runOf(base, 'a', (run) => {
      for (let step = 0; step < 20_000; step++)
        run.logMetrics({ loss: step === 12_345 ? 99 : step % 2, epoch: step / 1000 }, step);
    });
    const { curves } = json(
      await expman('plot', runDir, '-m', 'loss', '-x', 'epoch', '--json', '--width', '40'),
    ) as { curves: readonly { points: readonly (readonly number[])[] }[] };
    const points = curves[0]?.points ?? [];
    expect(points.length).toBeLessThanOrEqual(162);
    expect(points).toContainEqual([12.345, 99]);
    expect([points[0]?.[0], points.at(-1)?.[0]]).toEqual([0, 19.999]);
  });
});

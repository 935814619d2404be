import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { openExperiments } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('history');

async function closed(
  base: string,
  runName: string,
  fill: (run: LoggingEngine) => void,
  options: ExperimentOptions = {},
): Promise<void> {
  const run = new LoggingEngine(
    new ExperimentConfig('evals', base, { runName, environment: false, ...options }),
  );
  fill(run);
  await run.close();
}

const lab = (base: string): ReturnType<typeof openExperiments> => openExperiments(base, { cacheDir: null });

describe('a series of runs', () => {
  it('has one point per run, of its summary, else of its metric as it is defined, in the order they started', async () => {
    const base = folder();
    await closed(base, 'z', (run) => run.summary({ score: 0.5 }));
    await closed(base, 'y', (run) => {
      run.defineMetric('score', { goal: 'max', summary: 'best' });
      for (const score of [0.2, 0.9, 0.3]) run.logMetrics({ score });
    });
    await closed(base, 'x', (run) => run.summary({ score: true }));
    await closed(base, 'w', (run) => run.summary({ score: 'good', other: 1 }));
    const points = await lab(base).series('score');
    expect(points.map(({ run, value }) => [run.facts.run, value])).toEqual([
      ['z', 0.5],
      ['y', 0.9],
      ['x', 1],
    ]);
    expect(points.map(({ run, x }) => x === Date.parse(run.facts.startedAt))).toEqual([true, true, true]);
  });

  it('is ordered by any field, and keeps the runs that started last', async () => {
    const base = folder();
    for (const [name, lr] of [
      ['a', 0.3],
      ['b', 0.1],
      ['c', 0.2],
    ] as const)
      await closed(base, name, (run) => {
        run.logParams({ lr });
        run.logMetrics({ loss: lr }, 0);
      });
    await closed(base, 'd', (run) => run.logMetrics({ loss: 9 }, 0));
    const xs = async (query: object): Promise<unknown[]> =>
      (await lab(base).series('loss', query)).map(({ x }) => x);
    expect(await xs({ by: 'params.lr' })).toEqual([0.1, 0.2, 0.3]);
    expect(await xs({ by: 'params.lr', last: 2 })).toEqual([0.1, 0.2]);
    expect(await xs({ by: 'run', last: 3 })).toEqual(['b', 'c', 'd']);
    expect(await xs({ last: 0 })).toEqual([]);
    expect(await xs({ experiment: 'no' })).toEqual([]);
    expect((await lab(base).series('metrics.loss.max', { last: 1 }))[0]?.value).toBe(9);
    expect(await lab(base).series('duration')).toHaveLength(4);
  });

  it('is refused for a field that does not exist, or has no order', async () => {
    const base = folder();
    await expect(lab(base).series('a', { by: 'param.lr' })).rejects.toMatchObject({ code: 'INVALID_FILTER' });
    await expect(lab(base).series('a', { by: 'tags' })).rejects.toMatchObject({ option: 'by' });
    await expect(lab(base).series('')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('groups of runs', () => {
  it('have count, mean, sample deviation and the best of each figure', async () => {
    const base = folder();
    for (const [name, model, score] of [
      ['a', 'small', 1],
      ['b', 'small', 3],
      ['c', 'big', 5],
    ] as const)
      await closed(base, name, (run) => {
        run.defineMetric('score', { goal: 'max' });
        run.logParams({ model });
        run.summary({ score });
      });
    await closed(base, 'd', (run) => run.summary({ score: 7 }));
    const groups = await lab(base).groups({ by: 'params.model' });
    expect(
      groups.map(({ value, count, runs }) => [value, count, runs.map(({ facts }) => facts.run)]),
    ).toEqual([
      ['big', 1, ['c']],
      ['small', 2, ['a', 'b']],
      [undefined, 1, ['d']],
    ]);
    const [big, small] = groups.map(({ figures }) => figures.get('score'));
    expect(small).toMatchObject({ count: 2, mean: 2, deviation: Math.SQRT2, min: 1, max: 3 });
    expect(small?.best).toMatchObject({ value: 3, run: { run: 'b' } });
    expect(big).toMatchObject({ count: 1, mean: 5 });
    expect(big).not.toHaveProperty('deviation');
    expect(JSON.parse(JSON.stringify(groups))).toMatchObject([{ figures: { score: { mean: 5 } } }, {}, {}]);
  });

  it('take the ranks of one distributed run for one member', async () => {
    const base = folder();
    for (const [name, group, rank, loss] of [
      ['a0', 'a', 0, 1],
      ['a1', 'a', 1, 3],
      ['b0', 'b', 0, 4],
    ] as const)
      await closed(base, name, (run) => run.summary({ loss, lr: 1 }), { group, rank });
    await closed(base, 'c', (run) => run.summary({ loss: 6 }), { group: 'b' });
    const [all] = await lab(base).groups({ by: 'experiment', figures: ['loss'] });
    // The means of a (2), of b with a rank (4), and of the run of b without one (6).
    expect(all).toMatchObject({ value: 'evals', count: 3 });
    expect(all?.figures.get('loss')).toMatchObject({ count: 3, mean: 4, deviation: 2 });
    expect(all?.figures.size).toBe(1);
    expect((await lab(base).groups()).map(({ value, count }) => [value, count])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('by tag have a run in each group of its tags', async () => {
    const base = folder();
    await closed(base, 'a', (run) => run.summary({ x: 1 }), { tags: ['p', 'q'] });
    await closed(base, 'b', (run) => run.summary({ x: 2 }), { tags: ['q'] });
    await closed(base, 'c', (run) => run.summary({ x: 3 }));
    const groups = await lab(base).groups({ by: 'tag' });
    expect(groups.map(({ value, figures }) => [value, figures.get('x')?.mean])).toEqual([
      ['p', 1],
      ['q', 1.5],
      [undefined, 3],
    ]);
  });

  it('keep apart what is equal only as text, and order numbers by value', async () => {
    const base = folder();
    for (const [at, value] of [10, 9, '9', true].entries())
      await closed(base, `r${at}`, (run) => run.logParams({ value }));
    expect((await lab(base).groups({ by: 'params.value' })).map(({ value }) => value)).toEqual([
      true,
      9,
      10,
      '9',
    ]);
  });
});

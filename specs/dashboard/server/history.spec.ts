import { Value } from '@sinclair/typebox/value';
import type { Dashboard } from 'expman-rx/dashboard';
import { openExperiments } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import * as api from '../../../dist/modules/dashboard/api.js';
import { ask, dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('dashboard-history');
const serve = dashboards();

const historyIn = async (dashboard: Dashboard, query: string): Promise<api.HistoryAnswer> => {
  const body: unknown = await (await ask(dashboard, `/api/history?${query}`)).json();
  expect([...Value.Errors(api.HistoryAnswer, body)]).toEqual([]);
  return body as api.HistoryAnswer;
};

async function evaluations(base: string): Promise<void> {
  for (const [at, rate] of [0.5, NaN, 0.9, 0.7, null].entries()) {
    const run = openRun(base, { runName: `r${at}` }, at === 3 ? 'other' : 'exp');
    run.defineMetric('rate', { goal: 'max' });
    run.logParams({ lr: 1 / (at + 1), name: `n${at}` });
    if (rate !== null) run.summary({ rate }, { headline: true });
    run.logMetrics({ loss: at }, 0);
    await run.close();
  }
}

describe('GET /api/history', () => {
  it('has one point per run, the same as lab.series and expman plot --by', async () => {
    const base = folder();
    await evaluations(base);
    const dashboard = await serve(base);
    const lab = openExperiments(base, { cacheDir: null });
    for (const by of ['startedAt', 'params.lr', 'params.name', 'duration'])
      for (const last of [undefined, 2]) {
        const query = `metric=rate&by=${by}${last === undefined ? '' : `&last=${last}`}`;
        const { points } = await historyIn(dashboard, query);
        const series = await lab.series('rate', { by, last });
        expect(points.map(({ run, x, value }) => [run, x, value])).toEqual(
          series.map(({ run, x, value }) => [run.facts.run, x, Number.isNaN(value) ? 'NaN' : value]),
        );
        expect(points.length).toBe(last ?? 4);
      }
  });

  it('says which figure it shows by itself, its goal, and how many runs it leaves out', async () => {
    const base = folder();
    await evaluations(base);
    const dashboard = await serve(base);
    const all = await historyIn(dashboard, 'last=3');
    expect(all).toMatchObject({
      metric: 'rate',
      by: 'startedAt',
      axis: 'date',
      goal: 'max',
      runs: 5,
      total: 4,
    });
    expect(all.points.map(({ run }) => run)).toEqual(['r1', 'r2', 'r3']);
    expect(all.figures).toEqual(['rate', 'loss']);
    expect(all.paramKeys).toEqual(['lr', 'name']);
    const some = await historyIn(dashboard, `experiment=exp&where=${encodeURIComponent('params.lr < 1')}`);
    expect(some.points.map(({ run }) => run)).toEqual(['r1', 'r2']);
    expect(await historyIn(dashboard, 'metric=none')).toMatchObject({ total: 0, points: [], runs: 5 });
    expect((await historyIn(dashboard, 'metric=loss&by=params.name')).axis).toBe('text');
    expect(await historyIn(dashboard, 'experiment=gone')).toMatchObject({ metric: null, runs: 0 });
  });

  it('names 1,000 figures, and counts the others', async () => {
    const base = folder();
    const run = openRun(base);
    run.summary(Object.fromEntries(Array.from({ length: 1004 }, (_, at) => [`s${at}`, at])));
    await run.close();
    const { figures, namesLeftOut } = await historyIn(await serve(base), '');
    expect([figures.length, namesLeftOut]).toEqual([1000, 4]);
  });

  it('refuses what is no field, has no order, or is too much', async () => {
    const base = folder();
    await evaluations(base);
    const dashboard = await serve(base);
    const refused = async (query: string): Promise<unknown> => {
      const response = await ask(dashboard, `/api/history?${query}`);
      return [response.status, ((await response.json()) as api.ApiError).code];
    };
    expect(await refused('by=')).toEqual([400, 'INVALID_REQUEST']);
    expect(await refused('by=nothing.such')).toEqual([400, 'INVALID_FILTER']);
    expect(await refused('by=tags')).toEqual([400, 'INVALID_OPTION']);
    expect(await refused('last=0')).toEqual([400, 'INVALID_REQUEST']);
    expect(await refused('last=1001')).toEqual([400, 'INVALID_REQUEST']);
    expect(await refused('where=%3C')).toEqual([400, 'INVALID_FILTER']);
  });
});

import { Value } from '@sinclair/typebox/value';
import type { Dashboard } from 'expman-rx/dashboard';
import { amendRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import * as api from '../../../dist/modules/dashboard/api.js';
import { ask, closedRun, dashboards, idOf, listen, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('dashboard-summaries');
const serve = dashboards();

const runsOf = async (dashboard: Dashboard, query = ''): Promise<api.RunsAnswer> => {
  const body: unknown = await (await ask(dashboard, `/api/runs?${query}`)).json();
  expect([...Value.Errors(api.RunsAnswer, body)]).toEqual([]);
  return body as api.RunsAnswer;
};
const runOf = async (dashboard: Dashboard, id: string): Promise<api.RunAnswer> => {
  const body: unknown = await (await ask(dashboard, `/api/runs/${id}`)).json();
  expect([...Value.Errors(api.RunAnswer, body)]).toEqual([]);
  return body as api.RunAnswer;
};

describe('the API', () => {
  it('has the summary of a run, its headline and its definitions, in lists and by itself, open and closed', async () => {
    const dir = folder();
    const run = openRun(dir);
    run.summary({ pass_rate: 0.88, cases: 2n ** 60n, odd: NaN, model: 'small' });
    run.summary({ pass_rate: 0.9 }, { headline: true });
    run.defineMetric('val/*', { goal: 'min', x: 'epoch', summary: 'best' });
    run.logMetrics({ 'val/loss': 1 }, 0);
    await run.flush();
    const dashboard = await serve(dir);
    const expected = {
      summary: { pass_rate: 0.9, cases: String(2n ** 60n), odd: 'NaN', model: 'small' },
      headline: ['pass_rate'],
      definitions: { 'val/*': { goal: 'min', x: 'epoch', summary: 'best' } },
    };
    const check = async (): Promise<void> => {
      const { runs, summaryKeys, headlineKeys } = await runsOf(dashboard);
      expect(runs[0]).toMatchObject(expected);
      expect([summaryKeys, headlineKeys]).toEqual([['cases', 'model', 'odd', 'pass_rate'], ['pass_rate']]);
      expect((await runOf(dashboard, idOf(run.runDir))).facts).toMatchObject(expected);
    };
    await check();
    await run.close();
    await check();
  });

  it('names at most 1,000 summary values, and counts the others among the names it leaves out', async () => {
    const dir = folder();
    const run = openRun(dir);
    run.summary(Object.fromEntries(Array.from({ length: 1004 }, (_, at) => [`s${at}`, at])), {
      headline: true,
    });
    await run.close();
    const { summaryKeys, headlineKeys, keysLeftOut } = await runsOf(await serve(dir));
    expect([summaryKeys.length, headlineKeys.length, keysLeftOut]).toEqual([1000, 1000, 4]);
  });

  it('sorts and filters by summary values, and by the figure that stands for a metric', async () => {
    const dir = folder();
    for (const [runName, rate] of [
      ['a', 0.5],
      ['b', 0.9],
      ['c', 0.7],
    ] as const) {
      const run = openRun(dir, { runName });
      run.summary({ rate });
      run.defineMetric('acc', { goal: 'max', summary: 'best' });
      // The last value says the opposite of the best.
      for (const [step, acc] of [rate, 1 - rate].entries()) run.logMetrics({ acc }, step);
      await run.close();
    }
    const dashboard = await serve(dir);
    const names = async (query: string): Promise<string[]> =>
      (await runsOf(dashboard, query)).runs.map(({ run }) => run);
    expect(await names('sort=-summary.rate')).toEqual(['b', 'c', 'a']);
    expect(await names('sort=-metrics.acc')).toEqual(['b', 'c', 'a']);
    expect(await names('sort=-metrics.acc.last')).toEqual(['a', 'c', 'b']);
    expect(await names(`sort=run&where=${encodeURIComponent('summary.rate > 0.6')}`)).toEqual(['b', 'c']);
  });

  it('says that the list has changed when only the summary of a run has', async () => {
    const dir = folder();
    const runDir = await closedRun(dir);
    const dashboard = await serve(dir);
    const client = await listen(dashboard, '');
    await runsOf(dashboard);
    // The server has read the list a few times by then, and says of no change.
    await new Promise((done) => setTimeout(done, 3000));
    const known = client.heard.length;
    await amendRun(runDir, { summary: { rate: 0.5 } });
    await client.until((heard) => heard.slice(known).some(({ event }) => event === 'runs'));
    expect((await runsOf(dashboard)).runs[0]?.summary).toEqual({ rate: 0.5 });
    client.close();
  });

  it('has names of any kind as they are, and none that reaches a prototype', async () => {
    const dir = folder();
    const long = 'n'.repeat(5000);
    const run = openRun(dir);
    run.summary(JSON.parse('{"__proto__": 1, "constructor": 2, "a\\u0007\\u202eb\\nc": 3}') as object);
    run.summary({ [long]: 4 }, { headline: true });
    run.defineMetric('a\u0000*', { goal: 'min' });
    await run.close();
    const { runs, summaryKeys } = await runsOf(await serve(dir));
    const { summary = {} } = runs[0] ?? {};
    expect(Object.keys(summary)).not.toContain('__proto__');
    expect(Object.getPrototypeOf(summary)).toBe(Object.prototype);
    expect(summary['a\u0007\u202eb\nc']).toBe(3);
    expect(summaryKeys).toContain(long);
  });
});

describe('a series over another metric', () => {
  it('has the value in the same row, else the latest finite one before, in a file and in its growing end', async () => {
    const dir = folder();
    const run = openRun(dir);
    run.logMetrics({ loss: 9 }, 0);
    for (let epoch = 0; epoch < 3; epoch++) {
      run.logMetrics({ epoch, loss: epoch }, epoch * 10 + 1);
      run.logMetrics({ loss: epoch + 0.5 }, epoch * 10 + 2);
      run.logMetrics({ other: 1 }, epoch * 10 + 3);
    }
    run.logMetrics({ epoch: NaN, loss: 7 }, 40);
    run.logMetrics({ loss: 8 });
    await run.flush();
    const dashboard = await serve(dir);
    const curve = async (range = ''): Promise<unknown> => {
      const query = `runs=${idOf(run.runDir)}&metric=loss&x=metric:epoch${range}`;
      const { series } = (await (await ask(dashboard, `/api/series?${query}`)).json()) as api.SeriesAnswer;
      return series.map(({ x, y }) => [x, y]);
    };
    const whole = [
      [
        [0, 0, 1, 1, 2, 2, 2],
        [0, 0.5, 1, 1.5, 2, 2.5, 8],
      ],
    ];
    expect(await curve()).toEqual(whole);
    await run.close();
    expect(await curve()).toEqual(whole);
    expect(await curve('&from=1&to=1')).toEqual([
      [
        [1, 1],
        [1, 1.5],
      ],
    ]);
  });
});

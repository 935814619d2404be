import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { describe, expect, it } from 'vitest';
import type { Dashboard } from 'expman-rx/dashboard';
import * as api from '../../../dist/modules/dashboard/api.js';
import { ask, closedRun, dashboards, idOf, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('dashboard-api');
const serve = dashboards();

/** An answer that is what its schema says. */
async function answer<T>(dashboard: Dashboard, path: string, schema: TSchema): Promise<T> {
  const response = await ask(dashboard, path);
  const body: unknown = await response.json();
  expect([path, response.status, [...Value.Errors(schema, body)]]).toEqual([path, 200, []]);
  return body as T;
}
const error = async (dashboard: Dashboard, path: string): Promise<[number, api.ApiError]> => {
  const response = await ask(dashboard, path);
  const body: unknown = await response.json();
  expect([...Value.Errors(api.ApiError, body)]).toEqual([]);
  return [response.status, body as api.ApiError];
};
const runsOf = (dashboard: Dashboard, query = ''): Promise<api.RunsAnswer> =>
  answer(dashboard, `/api/runs?${query}`, api.RunsAnswer);
const seriesOf = (dashboard: Dashboard, query: string): Promise<api.SeriesAnswer> =>
  answer(dashboard, `/api/series?${query}`, api.SeriesAnswer);

describe('the API', () => {
  it('answers as its schema says, of a run that has everything, open and closed', async () => {
    const dir = folder();
    const run = openRun(dir, {
      ...{ tags: ['a'], notes: 'noted', systemMetrics: { intervalMs: 100 } },
    });
    run.logParams({ lr: 0.1, deep: { n: 12345678901234567890n, text: '<b>' } });
    run.logMetrics({ loss: NaN, big: 2n ** 60n, ok: true, text: 'x' }, 1);
    run.logMetrics({ loss: Infinity, acc: 1 });
    run.logHistogram('weights', [1, 2, 3, 4], 1);
    run.logImage('sample', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 1, { caption: 'a cat' });
    run.logger.warn('careful', { at: 1n.toString() });
    await run.saveArtifact('model.bin', Buffer.from('m'));
    const id = idOf(run.runDir);
    const dashboard = await serve(dir);
    const all = async (): Promise<void> => {
      await answer(dashboard, '/api/server', api.ServerFacts);
      await answer(dashboard, '/api/experiments', api.ExperimentsAnswer);
      await runsOf(dashboard);
      await seriesOf(dashboard, `runs=${id}&metric=loss&metric=big&metric=ok&metric=text&x=time`);
      await answer(dashboard, `/api/runs/${id}`, api.RunAnswer);
      await answer(dashboard, `/api/runs/${id}/logs`, api.LogsAnswer);
      await answer(dashboard, `/api/runs/${id}/system`, api.SystemAnswer);
      await answer(dashboard, `/api/runs/${id}/histograms?metric=weights`, api.HistogramsAnswer);
    };
    await run.flush();
    await all();
    await run.close();
    await all();
    const facts = await answer<api.RunAnswer>(dashboard, `/api/runs/${id}`, api.RunAnswer);
    expect([
      facts.media.map(({ isImage, caption }) => [isImage, caption]),
      facts.artifacts.map(({ name }) => name),
    ]).toEqual([[[true, 'a cat']], ['model.bin']]);
    for (const { href } of [...facts.media, ...facts.artifacts])
      expect((await ask(dashboard, href)).status).toBe(200);
    expect(facts.fields.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['loss', 'big', 'ok', 'text']),
    );
    const { histograms } = await answer<api.HistogramsAnswer>(
      dashboard,
      `/api/runs/${id}/histograms?metric=weights`,
      api.HistogramsAnswer,
    );
    expect(histograms).toHaveLength(1);
    const { lines } = await answer<api.LogsAnswer>(
      dashboard,
      `/api/runs/${id}/logs?level=warn&text=CARE`,
      api.LogsAnswer,
    );
    expect(lines.map(({ message }) => message)).toEqual(['careful']);
  });

  it('has at most 100 histograms of many, the first and the last among them, and says of how many', async () => {
    const base = folder();
    const run = openRun(base);
    for (let step = 0; step < 250; step++) run.logHistogram('weights', [step], step);
    await run.close();
    const { values, histograms } = await answer<api.HistogramsAnswer>(
      await serve(base),
      `/api/runs/${idOf(run.runDir)}/histograms?metric=weights`,
      api.HistogramsAnswer,
    );
    expect(histograms.length).toBeLessThanOrEqual(100);
    expect(values).toBe(250);
    expect([histograms[0]?.step, histograms.at(-1)?.step]).toEqual([0, 249]);
  });

  it('lists 1,000 names of metrics and of parameters, and says how many there are beyond those', async () => {
    const base = folder();
    const run = openRun(base);
    run.logParams(Object.fromEntries(Array.from({ length: 1003 }, (_, at) => [`p${at}`, at])));
    run.logMetrics(Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [`m${at}`, at])));
    await run.close();
    const { paramKeys, metricKeys, keysLeftOut } = await runsOf(await serve(base));
    expect([paramKeys.length, metricKeys.length, keysLeftOut]).toEqual([1000, 1000, 203]);
    const small = folder();
    await closedRun(small);
    expect(await runsOf(await serve(small))).not.toHaveProperty('keysLeftOut');
  });

  it('pages, sorts and filters runs, and says where a filter makes no sense', async () => {
    const dir = folder();
    for (const n of [1, 2, 3, 4, 5]) {
      const run = openRun(dir, { runName: `r${n}` });
      run.logParams({ n });
      run.logMetrics({ loss: n }, 1);
      await run.close();
    }
    const dashboard = await serve(dir);
    const names = ({ runs }: api.RunsAnswer): string[] => runs.map(({ run }) => run);
    const first = await runsOf(dashboard, 'sort=params.n&limit=2');
    expect([first.total, names(first), first.paramKeys, first.metricKeys]).toEqual([
      5,
      ['r1', 'r2'],
      ['n'],
      ['loss'],
    ]);
    expect(names(await runsOf(dashboard, 'sort=-params.n&limit=2&offset=3'))).toEqual(['r2', 'r1']);
    expect(names(await runsOf(dashboard, 'offset=100'))).toEqual([]);
    expect(names(await runsOf(dashboard, 'limit=0'))).toEqual([]);
    expect(
      names(await runsOf(dashboard, `sort=params.n&where=${encodeURIComponent('params.n > 3')}`)),
    ).toEqual(['r4', 'r5']);
    expect(names(await runsOf(dashboard, 'experiment=none'))).toEqual([]);
    const [status, { code, at }] = await error(
      dashboard,
      `/api/runs?where=${encodeURIComponent('params.n > > 3')}`,
    );
    expect([status, code, at]).toEqual([400, 'INVALID_FILTER', 11]);
    expect((await error(dashboard, '/api/experiments/exp/sweep'))[0]).toBe(404);
    expect((await error(dashboard, '/api/runs/exp/r1/logs?level=loud'))[0]).toBe(400);
  });

  it('names the parameters and metrics of the runs that match, and of no others', async () => {
    const dir = folder();
    for (const [name, experiment] of [
      ['a', 'one'],
      ['b', 'one'],
      ['c', 'two'],
    ] as const) {
      const run = openRun(dir, { runName: name }, experiment);
      run.logParams({ [`param of ${name}`]: 1 });
      run.logMetrics({ [`metric of ${name}`]: 1 }, 0);
      await run.close();
    }
    const dashboard = await serve(dir);
    const keys = async (query: string): Promise<readonly string[]> => {
      const { paramKeys, metricKeys } = await runsOf(dashboard, query);
      return [...paramKeys, ...metricKeys];
    };
    expect(await keys('')).toHaveLength(6);
    expect(await keys('experiment=two')).toEqual(['param of c', 'metric of c']);
    expect(await keys(`experiment=one&limit=0&where=${encodeURIComponent('run = b')}`)).toEqual([
      'param of b',
      'metric of b',
    ]);
    expect(await keys('experiment=none')).toEqual([]);
  });

  it('finds a run that has just begun, however lately the list was read, below a folder of experiments and in one', async () => {
    const dir = folder();
    const first = openRun(dir);
    const dashboards = await Promise.all([serve(dir), serve(dirname(first.runDir))]);
    for (let round = 0; round < 5; round++) {
      await Promise.all(dashboards.map((each) => runsOf(each)));
      const run = openRun(dir);
      await run.flush();
      for (const each of dashboards)
        expect((await ask(each, `/api/runs/${idOf(run.runDir)}`)).status).toBe(200);
      await run.close();
    }
    await first.close();
  });

  it('lists a run that cannot be read, with the reason, beside the others', async () => {
    const dir = folder();
    await closedRun(dir);
    for (const [name, text] of Object.entries({
      bad: '\u0000: [',
      deep: '['.repeat(100_000),
      tagged: '- '.repeat(1000) + '1',
    })) {
      mkdirSync(join(dir, 'exp', name));
      writeFileSync(join(dir, 'exp', name, 'run.yaml'), text);
    }
    const dashboard = await serve(dir);
    const { runs, total } = await runsOf(dashboard);
    expect([total, runs.filter(({ status }) => status === 'UNREADABLE').map(({ run }) => run)]).toEqual([
      4,
      ['bad', 'deep', 'tagged'],
    ]);
    for (const run of runs.slice(1)) {
      expect(run.error).toMatchObject({
        name: expect.any(String) as string,
        message: expect.any(String) as string,
      });
      expect(JSON.stringify(run)).not.toContain(dir);
    }
    const { experiments } = await answer<{ experiments: api.ExperimentFacts[] }>(
      dashboard,
      '/api/experiments',
      api.ExperimentsAnswer,
    );
    expect(experiments).toMatchObject([
      { name: 'exp', runs: 1, unreadable: 3, running: 0, failed: 0, hasSweep: false, project: null },
    ]);
    expect((await error(dashboard, '/api/runs/exp/bad'))[0]).toBe(404);
  });
});

describe('a series', () => {
  it('keeps extremes and ends of a long curve, and is exact for a part of it', async () => {
    const dir = folder();
    const run = openRun(dir);
    for (let step = 0; step < 20_000; step++)
      run.logMetrics({ loss: step === 12_345 ? -5 : step === 777 ? 99 : Math.sin(step) }, step);
    await run.close();
    const dashboard = await serve(dir);
    const id = idOf(run.runDir);
    const [whole] = (await seriesOf(dashboard, `runs=${id}&metric=loss&points=100`)).series;
    expect(whole).toMatchObject({ values: 20_000, isExact: false });
    expect(whole?.x.length).toBeLessThanOrEqual(100);
    expect([whole?.x[0], whole?.x.at(-1)]).toEqual([0, 19_999]);
    expect([whole?.y.includes(-5), whole?.y.includes(99)]).toEqual([true, true]);
    const [part] = (await seriesOf(dashboard, `runs=${id}&metric=loss&points=100&from=12340&to=12350`))
      .series;
    expect(part).toMatchObject({
      values: 11,
      isExact: true,
      x: Array.from({ length: 11 }, (_, at) => 12_340 + at),
    });
    expect(part?.y[5]).toBe(-5);
  });

  it('has places of NaN and infinities, rows without a step among the others, late steps where they belong, every kind of number and no text', async () => {
    const dir = folder();
    const run = openRun(dir);
    run.logMetrics({ loss: 1, whole: 1n, ok: true, text: 'a', by: 30 }, 0);
    run.logMetrics({ loss: NaN, whole: 2n, ok: false, text: 'b', by: Infinity }, 1);
    run.logMetrics({ loss: Infinity, by: 10 });
    run.logMetrics({ loss: 4, by: 20 }, 10);
    run.logMetrics({ loss: 3 }, 5);
    await run.close();
    const dashboard = await serve(dir);
    const query = `runs=${idOf(run.runDir)}&metric=loss&metric=whole&metric=ok&metric=text&metric=none`;
    const { series, failed } = await seriesOf(dashboard, query);
    const curve = (metric: string): api.Series | undefined => series.find((each) => each.metric === metric);
    expect(curve('loss')).toMatchObject({
      x: [0, 1, 2, 5, 10],
      y: [1, null, null, 3, 4],
      nonFinite: [
        [1, 'NaN'],
        [2, 'Infinity'],
      ],
    });
    expect([curve('whole')?.y, curve('ok')?.y, curve('none'), failed]).toEqual([
      [1, 2],
      [1, 0],
      undefined,
      [],
    ]);
    expect(curve('text')?.x ?? []).toEqual([]);
    const byMetric = (await seriesOf(dashboard, `runs=${idOf(run.runDir)}&metric=loss&x=metric:by`))
      .series[0];
    // The last row has no `by`: the latest one counts. Infinity is no place.
    expect([byMetric?.x, byMetric?.y]).toEqual([
      [10, 20, 20, 30],
      [null, 4, 3, 1],
    ]);
    const byTime = (await seriesOf(dashboard, `runs=${idOf(run.runDir)}&metric=loss&x=time`)).series[0];
    expect(byTime?.x.every((at) => at >= 0 && at < 60)).toBe(true);
  });

  it('has rows without a step by their place among all rows, for a part of them as well', async () => {
    const dir = folder();
    const run = openRun(dir);
    for (let row = 0; row < 100; row++)
      if (row % 2 === 0) run.logMetrics({ loss: row }, row);
      else run.logMetrics({ free: row });
    await run.close();
    const query = `runs=${idOf(run.runDir)}&metric=free&metric=loss&from=10&to=15`;
    const { series } = await seriesOf(await serve(dir), query);
    expect(series.map(({ x, y }) => [x, y])).toEqual([
      [
        [11, 13, 15],
        [11, 13, 15],
      ],
      [
        [10, 12, 14],
        [10, 12, 14],
      ],
    ]);
  });

  it('along no axis there is, or of a stretch that ends before it begins, are refused', async () => {
    const dir = folder();
    const id = idOf(await closedRun(dir));
    const dashboard = await serve(dir);
    for (const query of ['x=foo', 'x=', 'x=metric:', 'x=steps', 'from=5&to=2']) {
      const [status, { code }] = await error(dashboard, `/api/series?runs=${id}&metric=loss&${query}`);
      expect([query, status, code]).toEqual([query, 400, 'INVALID_REQUEST']);
    }
    const query = `runs=${id}&metric=loss&from=5&to=5`;
    expect((await seriesOf(dashboard, query)).series[0]?.x).toEqual([5]);
  });

  it('is not served with options that make no sense, and says which and why', async () => {
    await expect(serve(folder(), { port: 70_000 })).rejects.toThrow(
      'port must be an integer from 0 to 65,535; got 70000 (number)',
    );
    await expect(serve(folder(), { host: '0.0.0.0', token: false })).rejects.toThrow(/^token must be true/);
  });

  it('of runs of which one is not there says so of that one alone', async () => {
    const dir = folder();
    const id = idOf(await closedRun(dir));
    const dashboard = await serve(dir);
    const { series, failed } = await seriesOf(dashboard, `runs=${id},exp/gone&metric=loss`);
    expect([series.map(({ run }) => run), failed.map(({ run, code }) => [run, code])]).toEqual([
      [id],
      [['exp/gone', 'RUN_NOT_FOUND']],
    ]);
    expect((await error(dashboard, '/api/series?runs=exp/gone&metric=loss'))[0]).toBe(404);
  });

  it('of a run whose run.yaml is damaged says that, and shows the others', async () => {
    const dir = folder();
    const whole = idOf(await closedRun(dir));
    const damaged = await closedRun(dir);
    writeFileSync(join(damaged, 'run.yaml'), 'status: [');
    const { series, failed } = await seriesOf(await serve(dir), `runs=${idOf(damaged)},${whole}&metric=loss`);
    expect([series.map(({ run }) => run), failed.map(({ run, code }) => [run, code])]).toEqual([
      [whole],
      [[idOf(damaged), 'CORRUPT']],
    ]);
  });
});

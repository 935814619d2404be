import { describe, expect, it } from 'vitest';
import { reportApi } from '../../../src/dashboard/page/api/report-api.js';
import { type Column, fieldOf } from '../../../src/dashboard/page/facts/run-values.js';
import type { ReportData, ReportRun, ReportSeries } from '../../../src/dashboard/report-data.js';

const run = (name: string, lr: number, more: Partial<ReportRun> = {}): ReportRun => ({
  answer: {
    facts: {
      ...{ experiment: 'mnist', run: name, status: 'FINISHED', tags: lr > 1 ? ['wild'] : [] },
      params: { lr },
      metrics: { loss: { last: 1 / lr } },
    },
    ...{
      fields: [],
      environment: {},
      files: [],
      losses: [],
      artifacts: [],
      media: [],
      hasSystemMetrics: false,
      ...{ checkpoints: [], checkpointsLeftOut: 0, checkpointsProblem: null, lineage: [] },
    },
  },
  series: [
    {
      ...{
        metric: 'loss',
        step: [0, 1, 2],
        time: [0, 10, 20],
        y: [3, null, 1],
        values: 3,
        isExact: true,
        stretches: [],
      },
      nonFinite: [[1, 'NaN']],
    },
    {
      metric: 'acc',
      step: [0, 2],
      time: [0, 20],
      y: [0.5, 0.9],
      nonFinite: [],
      values: 2,
      isExact: true,
      stretches: [],
    },
  ],
  ...{ logs: [], system: [], histograms: {} },
  ...more,
});

const report: ReportData = {
  server: { version: '0.1.0', title: 'report' },
  writtenAt: '2026-01-01T00:00:00Z',
  experiments: [],
  runs: [run('a', 1), run('b', 2), run('c', 0.5)],
  sweeps: {},
};
const api = reportApi(report);
const names = async (query: { where?: string; sort?: string }): Promise<string[]> =>
  (await api.runs({ offset: 0, limit: 10, ...query })).runs.map((facts) => facts.run);

describe('a report', () => {
  it('lists its runs in the order that is asked for', async () => {
    expect(await names({ sort: '-params.lr' })).toEqual(['b', 'a', 'c']);
    expect(await names({ sort: 'metrics.loss.last' })).toEqual(['b', 'a', 'c']);
  });

  it('orders them by summaries, figures of metrics, and names with quotes and commas, as a server does', async () => {
    const odd = 'a,"b".c';
    const of = (name: string, rate: number, metrics: Record<string, Record<string, number>>): ReportRun => {
      const made = run(name, 1);
      const facts = {
        ...made.answer.facts,
        metrics,
        summary: { rate, [odd]: -rate },
        headline: ['rate'],
        definitions: { loss: { goal: 'min' as const, summary: 'best' as const } },
      };
      return { ...made, answer: { ...made.answer, facts } };
    };
    const other = reportApi({
      ...report,
      runs: [
        of('a', 3, { loss: { last: 1, min: 1 }, 'loss.min': { last: 2 } }),
        of('b', 1, { loss: { last: 2, min: 0 }, 'loss.min': { last: 3 } }),
        of('c', 2, { loss: { last: 3, min: 2 }, 'loss.min': { last: 1 } }),
      ],
    });
    const order = async (column: Column, sign = ''): Promise<string> =>
      (await other.runs({ offset: 0, limit: 10, sort: `${sign}${fieldOf(column)},-startedAt` })).runs
        .map((facts) => facts.run)
        .join('');
    expect(await order({ kind: 'summary', name: 'rate' })).toBe('bca');
    expect(await order({ kind: 'summary', name: odd })).toBe('acb');
    expect(await order({ kind: 'metric', name: 'loss', statistic: 'figure' })).toBe('bac');
    expect(await order({ kind: 'metric', name: 'loss', statistic: 'last' }, '-')).toBe('cba');
    // A metric of that name counts before the minimum of loss.
    expect(await order({ kind: 'metric', name: 'loss.min', statistic: 'figure' })).toBe('cab');
    const { summaryKeys, headlineKeys } = await other.runs({ offset: 0, limit: 10 });
    expect([summaryKeys, headlineKeys]).toEqual([[odd, 'rate'], ['rate']]);
  });

  it('finds runs by words, as it knows no language', async () => {
    expect(await names({ where: 'finished WILD' })).toEqual(['b']);
  });

  it('gives curves by step, time and another metric, cut to what is asked for', async () => {
    const query = { runs: ['mnist/a'], metrics: ['loss'] };
    const x = async (axis: string, more = {}): Promise<readonly number[] | undefined> =>
      (await api.series({ ...query, x: axis, ...more })).series[0]?.x;

    expect(await x('step')).toEqual([0, 1, 2]);
    expect(await x('time', { from: 5 })).toEqual([10, 20]);
    // At step 1, acc has the value of step 0.
    expect(await x('metric:acc')).toEqual([0.5, 0.5, 0.9]);
  });

  it('gives curves over the axis of their definition as they were read, and over a sample only where both have a point', async () => {
    const [loss, acc] = run('a', 1).series as [ReportSeries, ReportSeries];
    const x = async (series: ReportSeries[]): Promise<readonly number[] | undefined> => {
      const { series: found } = await reportApi({ ...report, runs: [run('a', 1, { series })] }).series({
        ...{ runs: ['mnist/a'], metrics: ['loss'], x: 'metric:acc' },
      });
      return found[0]?.x;
    };
    expect(await x([{ ...loss, over: { metric: 'acc', x: [null, 7, 8] } }, acc])).toEqual([7, 8]);
    expect(await x([loss, { ...acc, isExact: false }])).toEqual([0.5, 0.9]);
    expect(await x([loss])).toEqual([]);
  });

  it('keeps what is no finite number at its place', async () => {
    const { series } = await api.series({ runs: ['mnist/a'], metrics: ['loss'], x: 'step', from: 1 });
    expect(series[0]?.nonFinite).toEqual([[0, 'NaN']]);
  });

  it('says before the lines of a log that it has not all of them, whatever is looked for in it', async () => {
    const logs = [{ timestampMs: 5, level: 'info', message: 'late', meta: {} }];
    const messages = async (more: Partial<ReportRun>): Promise<readonly string[]> =>
      (
        await reportApi({ ...report, runs: [run('a', 1, { logs, ...more })] }).logs('mnist/a', {
          text: 'x',
          last: 9,
        })
      ).map(({ message }) => message);
    expect(await messages({ isLogCut: true })).toEqual([
      expect.stringContaining('the last 1 lines of this log'),
    ]);
    expect(await messages({})).toEqual([]);
  });

  it('answers as a server for what it has not', async () => {
    await expect(api.run('mnist/none')).rejects.toMatchObject({ status: 404, answer: { code: 'NOT_FOUND' } });
    await expect(api.change('mnist/a', { notes: '' })).rejects.toMatchObject({ status: 404 });
    expect(await api.server()).toMatchObject({ writable: false, writeToken: null });
  });
});

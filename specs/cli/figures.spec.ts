import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine, type MetricValue } from 'expman-rx';
import { openExperiments } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { collectReport } from '../../dist/modules/dashboard/report/collect-report.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { ask, dashboards } from '../support/dashboard.js';
import { yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('figures');
const serve = dashboards();

async function logged(
  base: string,
  runName: string,
  rows: readonly Readonly<Record<string, MetricValue>>[],
): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName }));
  rows.forEach((values, step) => {
    run.logMetrics(values, step);
  });
  return (await run.close()).runDir;
}

const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse((await expman(...args, '--json')).stdout) as unknown;
const namesOf = async (...args: readonly string[]): Promise<string[]> =>
  ((await json('list', ...args)) as { readonly run: string }[]).map(({ run }) => run);

describe('a metric with a text among its numbers', () => {
  const mixed = [...[3, 2, 'nan', 1, 4].map((loss) => ({ loss })), { loss: '5' }];

  it('is found, sorted, compared and drawn by its numbers, and its texts are counted', async () => {
    const base = folder();
    const runDir = await logged(base, 'mixed', mixed);
    await logged(base, 'other', [{ loss: 2 }]);
    expect(await namesOf(base, '--where', 'metrics.loss.min < 2')).toEqual(['mixed']);
    expect(await namesOf(base, '--where', 'metrics.loss = 4 AND metrics.loss.texts = 2')).toEqual(['mixed']);
    expect(await namesOf(base, '--sort', '-metrics.loss.max')).toEqual(['mixed', 'other']);
    expect(await json('compare', base)).toMatchObject({
      metrics: {
        loss: { last: [4, 2], min: [1, 2], max: [4, 2], mean: [2.5, 2], count: [6, 1], texts: [2, null] },
      },
    });
    expect((await expman('compare', base)).stdout).toMatch(/ {2}texts +2 *\n/);
    expect((await expman('inspect', runDir)).stdout).toMatch(/values +texts\n +loss +4 +1 +4 +2\.5 +6 +2\n/);
    const points = [
      [0, 3],
      [1, 2],
      [3, 1],
      [4, 4],
    ];
    expect(await json('plot', runDir, '--metric', 'loss')).toMatchObject({ curves: [{ points }] });
    // One that is named by nobody is the first with numbers.
    expect(await json('plot', runDir)).toMatchObject({ metric: 'loss', curves: [{ points }] });
  });

  it('has a curve on the page, and in a report', async () => {
    const base = folder();
    await logged(base, 'mixed', mixed);
    const dashboard = await serve(base);
    const answer: unknown = await (await ask(dashboard, '/api/series?runs=exp%2Fmixed&metric=loss')).json();
    expect(answer).toMatchObject({ series: [{ x: [0, 1, 3, 4], y: [3, 2, 1, 4], values: 4 }] });
    const runs = (await openExperiments(base, { cacheDir: null }).runs()).map(({ facts }) => facts);
    const report = await collectReport(runs, 'title');
    expect(report.runs[0]?.series).toMatchObject([{ metric: 'loss', step: [0, 1, 3, 4], y: [3, 2, 1, 4] }]);
  });

  it.each(['parquet', 'archive'])('keeps which of its values are numbers through %s', async (format) => {
    const base = folder();
    const runDir = await logged(base, 'mixed', mixed);
    const [out, dir] = [join(base, `out.${format}`), join(base, 'again')];
    if (format === 'archive') {
      expect(await expman('archive', runDir, '-o', out)).toMatchObject({ exit: 0 });
      expect(await expman('unarchive', out, '--dir', dir)).toMatchObject({ exit: 0 });
    } else {
      expect(await expman('export', runDir, '--format', format, '-o', out)).toMatchObject({ exit: 0 });
      expect(await expman('import', out, '--dir', dir)).toMatchObject({ exit: 0 });
    }
    expect(await namesOf(dir, '--where', 'metrics.loss.min = 1 AND metrics.loss.texts = 2')).toEqual([
      'mixed',
    ]);
  });

  it('has the curve of truth values as 0 and 1', async () => {
    const runDir = await logged(folder(), 'truths', [
      { ok: true },
      { ok: false },
      { ok: 'unsure' },
      { ok: true },
    ]);
    expect(await json('plot', runDir)).toMatchObject({
      metric: 'ok',
      curves: [
        {
          points: [
            [0, 1],
            [1, 0],
            [3, 1],
          ],
        },
      ],
    });
  });
});

describe('a run with more metrics than run.yaml has room for', () => {
  const names = [...Array.from({ length: 3500 }, (_, at) => `grad/layer${at}/weight`), 'val_loss'];
  const row = Object.fromEntries(names.map((name, at) => [name, at]));

  it('is found by each of them, wherever it came, and says what its copy lacks', async () => {
    const base = folder();
    const runDir = await logged(base, 'wide', [row]);
    const { metrics, summariesLeftOut } = yamlOf(runDir);
    expect(Object.keys(metrics as object)).toHaveLength(names.length - Number(summariesLeftOut));
    expect(summariesLeftOut).toBeGreaterThan(100);
    for (const name of ['grad/layer0/weight', 'grad/layer3499/weight', 'val_loss'])
      expect(await namesOf(base, '--where', `metrics."${name}".last >= 0`)).toEqual(['wide']);
    const compared = (await json('compare', base)) as { readonly metrics: object };
    expect(Object.keys(compared.metrics)).toEqual(names);
    const dashboard = await serve(base);
    const { runs } = (await (await ask(dashboard, '/api/runs')).json()) as {
      readonly runs: readonly { readonly metrics: object }[];
    };
    expect(runs.map(({ metrics: listed }) => Object.keys(listed).length)).toEqual([names.length]);
  });

  it('is listed by what run.yaml has when its rows cannot be read, and the list says how many it lacks', async () => {
    const base = folder();
    const runDir = await logged(base, 'wide', [row]);
    writeFileSync(join(runDir, 'metrics.parquet'), 'torn');
    const [run] = await openExperiments(base, { cacheDir: null }).runs();
    const left = names.length - (run?.facts.metrics.size ?? 0);
    expect(left).toBeGreaterThan(100);
    expect(run?.facts.summariesLeftOut).toBe(left);
    expect((await expman('list', base)).stderr).toContain(`${left} metrics that are missing from run.yaml`);
    rmSync(join(runDir, 'metrics.parquet'));
    expect(await json('list', base)).toMatchObject([{ summariesLeftOut: left }]);
  });
});

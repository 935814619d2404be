import { basename, dirname, join } from 'node:path';
import type { MetricRow } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import { sanitiseParams } from '../../model/params.js';
import { RunStatus } from '../../model/run-status.js';
import type { SummaryValues } from '../../model/summary-values.js';
import { nodeFs } from '../../storage/node-fs.js';
import { dialectOf } from '../csv/dialect.js';
import { rowsOfTable } from '../csv/csv-table.js';
import { guessedLayout } from '../csv/guessed-layout.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeFile, ExchangeMedia, ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { PointRows } from '../exchange/points.js';
import { summaryOf } from '../exchange/summary-json.js';
import { filesBelow } from '../source/files-below.js';
import { oneRun } from '../source/one-run.js';
import { isMapping, kindAt, type Mapping, yamlAt } from '../source/source-files.js';
import { pythonJsonAt } from '../wandb/python-json.js';

const METRICS = join('plots', 'metrics');

/**
 * Reads the folder that DVCLive writes (`dvclive`), or the one that holds it: parameters, the series
 * in `plots/metrics`, images, and values that were logged only as a summary. It does not say when
 * and how the run ended: it is FINISHED, at the time of its files.
 */
export const dvcliveImporter: Importer<'dvclive'> = {
  format: 'dvclive',
  recognises: (path) => Promise.resolve(folderAt(path) !== null),
  runs: (path) => oneRun(path, (from) => runIn(folderAt(from) ?? from)),
};

function folderAt(path: string): string | null {
  const isOne = (folder: string): boolean =>
    kindAt(join(folder, 'metrics.json')) === 'file' && kindAt(join(folder, METRICS)) === 'folder';
  return [path, join(path, 'dvclive')].find(isOne) ?? null;
}

async function runIn(folder: string): Promise<ExchangeRun> {
  const findings = new Findings();
  const series = filesBelow(join(folder, METRICS)).filter(([name]) => name.endsWith('.tsv'));
  const metrics = series.map(([name, path]) => ({ metric: name.slice(0, -'.tsv'.length), path }));
  const read: (readonly [string, readonly MetricRow[]])[] = [];
  for (const { metric, path } of metrics) read.push([metric, await rowsAt(path, metric, findings)]);
  const rows = (): AsyncIterable<MetricRow> => asyncOf(joined(read, folder));
  const { files, images } = belongingsIn(folder);
  const name = basename(folder) === 'dvclive' ? basename(dirname(folder)) : basename(folder);
  const about = join(folder, 'metrics.json');
  return {
    experiment: basename(dirname(folder)),
    run: name,
    status: RunStatus.Finished,
    startedAt: null,
    endedAt: null,
    tags: [],
    notes: '',
    group: null,
    params: sanitiseParams(yamlAt(join(folder, 'params.yaml')) ?? {}).params,
    ...summaryOf({
      summary: figuresIn(pythonJsonAt(about) ?? {}, new Set(metrics.map(({ metric }) => metric))),
    }),
    fields: [],
    files,
    source: { files: [about, ...series.map(([, path]) => path)] },
    table: { modifiedMs: nodeFs.stat(about)?.modifiedMs ?? Date.now() },
    media: () => asyncOf(images),
    findings: () => findings.all,
    rows,
    log: () => asyncOf([]),
  };
}

/** Reads a series: columns of the step, of times if they were asked for, and of the values. */
async function rowsAt(path: string, metric: string, findings: Findings): Promise<MetricRow[]> {
  const own = new Findings();
  const records = { dialect: dialectOf(path, 'tab'), findings: own };
  const layout = await guessedLayout(path, records);
  const rows: MetricRow[] = [];
  for await (const row of rowsOfTable(path, layout, records)) rows.push(row);
  for (const { kind, text } of own.all) findings.add(kind, `${text} (plots/metrics/${metric}.tsv)`);
  return rows;
}

function* joined(
  series: readonly (readonly [string, readonly MetricRow[]])[],
  folder: string,
): Generator<MetricRow, void> {
  const points = new PointRows(folder);
  for (const [metric, rows] of series)
    for (const { step, timestamp, values } of rows) {
      // A file has one metric, which its header calls by the last part of its name.
      const value = Object.values(values)[0];
      const micros = timestamp === undefined ? null : Math.round(timestamp * 1000);
      if (value !== undefined && typeof step !== 'bigint') points.add(metric, step ?? null, micros, value);
    }
  yield* ordered(points);
}

/** Without times, the rows of all series are in the order of their steps. */
function ordered(points: PointRows): MetricRow[] {
  const rows = [...points.rows()];
  return rows.some(({ timestamp }) => timestamp !== undefined)
    ? rows
    : rows.sort((one, other) => Number(one.step ?? 0) - Number(other.step ?? 0));
}

/** The values of `metrics.json` that are not the last ones of a series. */
function figuresIn(json: Mapping, series: ReadonlySet<string>, prefix = ''): SummaryValues {
  return bareObject(
    Object.entries(json).flatMap(([name, value]): [string, SummaryValues[string]][] => {
      const metric = prefix + name;
      if (isMapping(value)) return Object.entries(figuresIn(value, series, `${metric}/`));
      if (series.has(metric) || metric === 'step') return [];
      return ['number', 'string', 'boolean'].includes(typeof value) ? [[metric, value as number]] : [];
    }),
  );
}

function belongingsIn(folder: string): {
  readonly files: readonly ExchangeFile[];
  readonly images: readonly ExchangeMedia[];
} {
  const files: ExchangeFile[] = [];
  const images: ExchangeMedia[] = [];
  for (const [name, path] of filesBelow(folder)) {
    if (/^(?:metrics\.json|params\.yaml|dvc\.yaml|report\..*|plots\/metrics\/.*\.tsv)$/.test(name)) continue;
    const [, picture, step] =
      /^plots\/images\/(.+?)(?:\/(\d{1,15}))?\.(?:png|jpe?g|gif|svg)$/.exec(name) ?? [];
    if (picture === undefined) files.push({ name, from: path });
    else
      images.push({
        kind: 'image',
        name: picture,
        step: step === undefined ? null : Number(step),
        content: path,
      });
  }
  return { files, images };
}

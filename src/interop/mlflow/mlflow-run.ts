import type { ParamValue } from '../../model/params.js';
import { bareObject } from '../../model/param-value.js';
import { RunStatus } from '../../model/run-status.js';
import { asyncOf } from '../exchange/async-of.js';
import { exactNumberOf } from '../exchange/exact-number.js';
import type { ExchangeFile, ExchangeMedia, ExchangeRun } from '../exchange/exchange-run.js';
import type { Findings } from '../exchange/findings.js';
import { isoOfMs } from '../exchange/instants.js';
import { summaryOf } from '../exchange/summary-json.js';
import { filesBelow } from '../source/files-below.js';
import { figuresOf, type MetricSeries, rowsOfMetrics } from './mlflow-metrics.js';

/** A run of MLflow, from wherever it is stored. */
export interface MlflowRun {
  readonly path: string;
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly status: unknown;
  /** Milliseconds since the epoch. */
  readonly start: unknown;
  readonly end: unknown;
  readonly user: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly params: readonly (readonly [string, string])[];
  readonly series: readonly MetricSeries[];
  /** The folder of its artifacts; null if it is not there. */
  readonly artifacts: string | null;
  readonly findings: Findings;
  /** The name of the run with an identifier; undefined if it is not in the store. */
  readonly nameOf: (id: string) => string | undefined;
}

const STATUSES: ReadonlyMap<unknown, RunStatus> = new Map<unknown, RunStatus>([
  [1, RunStatus.Running],
  [2, RunStatus.Running],
  [3, RunStatus.Finished],
  [4, RunStatus.Failed],
  [5, RunStatus.Interrupted],
  ['RUNNING', RunStatus.Running],
  ['SCHEDULED', RunStatus.Running],
  ['FINISHED', RunStatus.Finished],
  ['FAILED', RunStatus.Failed],
  ['KILLED', RunStatus.Interrupted],
]);

/** Makes a run of what the store says; the tag of a parent becomes the group of its name. */
export function exchangeRunFrom(run: MlflowRun): Omit<ExchangeRun, 'source'> & {
  readonly source: NonNullable<ExchangeRun['source']>;
} {
  const { tags, series, path, findings } = run;
  const parent = tags.get('mlflow.parentRunId');
  const commit = tags.get('mlflow.source.git.commit');
  const user = tags.get('mlflow.user') ?? run.user;
  const { files, images } = belongingsIn(run.artifacts);
  return {
    experiment: run.experiment,
    run: run.name === '' ? run.id : run.name,
    status: STATUSES.get(run.status) ?? RunStatus.Interrupted,
    startedAt: isoOfMs(run.start),
    endedAt: isoOfMs(run.end),
    tags: [...tags].flatMap(([key, value]) => (key.startsWith('mlflow.') ? [] : [tagOf(key, value)])),
    notes: tags.get('mlflow.note.content') ?? '',
    group: parent === undefined ? null : (run.nameOf(parent) ?? parent),
    params: bareObject(run.params.map(([key, text]) => [key, paramOf(text)])),
    ...summaryOf({ summary: figuresOf(series) }),
    fields: series.map(({ metric }) => ({ name: metric, type: 'DOUBLE' })),
    files,
    source: {
      id: run.id,
      ...(parent !== undefined && { parent }),
      ...(user !== '' && { user }),
      ...(commit !== undefined && { commit }),
    },
    media: () => asyncOf(images),
    findings: () => findings.all,
    rows: () => asyncOf(rowsOfMetrics(series, path)),
    log: () => asyncOf([]),
  };
}

const tagOf = (key: string, value: string): string => (value === '' ? key : `${key}=${value}`);

/** Pictures of `log_image`, as its client names them: `key%step%1%timestamp%1700000000000%….png`. */
const IMAGE = /^images\/(.+?)[%+]step[%+](\d{1,15})[%+]timestamp[%+]\d+[%+].*\.(png|jpe?g|gif|webp)$/;

/** Lists the files of a run; pictures of `log_image` are media, without their smaller copies. */
function belongingsIn(folder: string | null): {
  readonly files: readonly ExchangeFile[];
  readonly images: readonly ExchangeMedia[];
} {
  const files: ExchangeFile[] = [];
  const images: ExchangeMedia[] = [];
  for (const [name, path] of folder === null ? [] : filesBelow(folder)) {
    const [, key, step, type] = IMAGE.exec(name) ?? [];
    if (key === undefined) files.push({ name, from: path });
    else if (type !== 'webp')
      images.push({ kind: 'image', name: key.replace(/#/g, '/'), step: Number(step), content: path });
  }
  return { files, images };
}

/**
 * Parses a parameter: MLflow stores texts, and those that Python writes for numbers, booleans and
 * None become such values.
 */
function paramOf(text: string): ParamValue {
  if (text === 'True' || text === 'False') return text === 'True';
  return text === 'None' ? null : (exactNumberOf(text) ?? text);
}

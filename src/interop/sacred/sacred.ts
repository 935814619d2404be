import { basename, dirname, join } from 'node:path';
import type { ExpmanError } from '../../model/errors.js';
import type { LogLine } from '../../run/log-line.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';
import { sanitiseParams } from '../../model/params.js';
import { RunStatus } from '../../model/run-status.js';
import { quantity } from '../../pure/quantity.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeFile, ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { isoOf, microsOfIso } from '../exchange/instants.js';
import { PointRows } from '../exchange/points.js';
import { summaryOf } from '../exchange/summary-json.js';
import { filesBelow } from '../source/files-below.js';
import { oneRun } from '../source/one-run.js';
import {
  beginningOf,
  foldersIn,
  isMapping,
  kindAt,
  type Mapping,
  textAt,
  textOr,
  textsOf,
} from '../source/source-files.js';
import { notFiniteOf, pythonJsonAt } from '../wandb/python-json.js';

const STATUSES: ReadonlyMap<unknown, RunStatus> = new Map<unknown, RunStatus>([
  ['COMPLETED', RunStatus.Finished],
  ['FAILED', RunStatus.Failed],
  ['INTERRUPTED', RunStatus.Interrupted],
  ['TIMEOUT', RunStatus.Interrupted],
  ['DIED', RunStatus.Crashed],
]);
/** What is read, and is therefore no file of the run. */
const READ = /^(?:run|config|metrics)\.json$|^cout\.txt$/;

/**
 * Reads what Sacred's `FileStorageObserver` writes: the folder of a run, or one of several. The
 * comment becomes the notes, the result a summary value, the output and a traceback lines of the
 * log; all other files are copied.
 */
export const sacredImporter: Importer<'sacred'> = {
  format: 'sacred',
  recognises: (path) => Promise.resolve(foldersAt(path).length > 0),
  runs: runsAt,
};

const foldersAt = (path: string): string[] =>
  isRun(path) ? [path] : foldersIn(path).filter(isRun).sort(byNumber);

const byNumber = (one: string, other: string): number =>
  Number(basename(one)) - Number(basename(other)) || (one < other ? -1 : 1);

const isRun = (folder: string): boolean =>
  kindAt(join(folder, 'config.json')) === 'file' &&
  kindAt(join(folder, 'run.json')) === 'file' &&
  /"(?:heartbeat|start_time|experiment)"/.test(
    beginningOf(join(folder, 'run.json'), 1 << 20).toString('latin1'),
  );

async function* runsAt(path: string): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  for (const folder of foldersAt(path)) yield* oneRun(folder, runIn);
}

function runIn(folder: string): ExchangeRun {
  const said = pythonJsonAt(join(folder, 'run.json')) ?? {};
  const findings = new Findings();
  const { experiment, meta, status, result, fail_trace: trace } = said;
  const points = pointsIn(pythonJsonAt(join(folder, 'metrics.json')) ?? {}, folder, findings);
  const files = filesBelow(folder);
  const about = isMapping(meta) ? meta : {};
  const commit = commitIn(experiment);
  const value = valueOf(result);
  return {
    experiment: isMapping(experiment) ? textOr(experiment['name']) : basename(dirname(folder)),
    run: basename(folder),
    status: STATUSES.get(status) ?? RunStatus.Running,
    startedAt: isoOf(said['start_time']),
    endedAt: isoOf(said['stop_time'] ?? said['heartbeat']),
    tags: [],
    notes: textOr(about['comment']),
    group: null,
    params: sanitiseParams(pythonJsonAt(join(folder, 'config.json')) ?? {}).params,
    ...summaryOf({ summary: value === undefined ? {} : { result: value } }),
    fields: [],
    files: files.flatMap(([name, from]): ExchangeFile[] => (READ.test(name) ? [] : [{ name, from }])),
    source: {
      files: files.map(([, from]) => from),
      ...(commit !== undefined && { commit }),
    },
    findings: () => findings.all,
    rows: (): AsyncIterable<MetricRow> => asyncOf(points.rows()),
    log: () => asyncOf(linesOf(folder, said, textsOf(trace))),
  };
}

/** The commit of the first repository that the sources are in. */
function commitIn(experiment: unknown): string | undefined {
  const repositories: unknown = isMapping(experiment) ? experiment['repositories'] : [];
  const first: unknown = Array.isArray(repositories) ? repositories[0] : undefined;
  return isMapping(first) && typeof first['commit'] === 'string' ? first['commit'] : undefined;
}

/** Reads series of the same length: steps, times and values. */
function pointsIn(metrics: Mapping, folder: string, findings: Findings): PointRows {
  const points = new PointRows(folder);
  let lost = 0;
  for (const [metric, series] of Object.entries(metrics)) {
    const { steps, timestamps, values } = isMapping(series) ? series : {};
    if (!Array.isArray(steps) || !Array.isArray(timestamps) || !Array.isArray(values)) {
      lost++;
      continue;
    }
    values.forEach((given: unknown, at) => {
      const value = valueOf(given);
      const step: unknown = steps[at];
      if (value === undefined || !Number.isSafeInteger(step)) lost++;
      else points.add(metric, Number(step), microsOfIso(textOr(timestamps[at])) ?? null, value);
    });
  }
  if (lost > 0)
    findings.add('damaged', quantity(lost, 'values of metrics.json that have no number or no step'));
  return points;
}

/** A value, or the one in what `jsonpickle` makes of a number of NumPy. */
function valueOf(json: unknown): MetricValue | undefined {
  const inner = isMapping(json) && 'value' in json ? json['value'] : json;
  const number = notFiniteOf(inner);
  if (number !== undefined) return number;
  return typeof inner === 'number' || typeof inner === 'boolean' || typeof inner === 'string'
    ? inner
    : undefined;
}

function* linesOf(folder: string, said: Mapping, trace: readonly string[]): Generator<LogLine, void> {
  const [started, stopped] = ['start_time', 'stop_time'].map((key) =>
    Math.floor((microsOfIso(textOr(said[key])) ?? 0) / 1000),
  );
  for (const message of (textAt(join(folder, 'cout.txt'), 64 * 1024 * 1024) ?? '').split(/\r?\n/))
    if (message !== '') yield { timestampMs: started ?? 0, level: 'info', message, meta: {} };
  if (trace.length > 0)
    yield { timestampMs: stopped ?? 0, level: 'error', message: trace.join('').trimEnd(), meta: {} };
}

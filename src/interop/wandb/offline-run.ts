import { basename, dirname, join } from 'node:path';
import { ExpmanError, isMistake } from '../../model/errors.js';
import type { LogLine } from '../../run/log-line.js';
import type { MetricRow } from '../../model/metric.js';
import { sanitiseParams } from '../../model/params.js';
import { RunStatus } from '../../model/run-status.js';
import { quantity } from '../../pure/quantity.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { isoOfMs } from '../exchange/instants.js';
import { rowValues } from '../exchange/made-row.js';
import { oneRowAStep } from '../exchange/one-row-a-step.js';
import { summaryOf } from '../exchange/summary-json.js';
import type { Mapping } from '../source/source-files.js';
import { flatValues, timeOf } from './history.js';
import { filesOf, isMediaValue, mediaOf, type LoggedMedia } from './offline-media.js';
import { type OfflineLosses, offlineRecords } from './offline-log.js';
import {
  type OfflineItem,
  type OfflineRecord,
  type OfflineRunFacts,
  readOfflineRecord,
} from './offline-record.js';
import { parsePythonJson } from './python-json.js';
import { definitionsOf, summaryValues } from './run-summary.js';

/**
 * Reads a run that W&B keeps offline, from its log `run-ID.wandb` and the files beside it: what
 * `wandb sync` would upload.
 *
 * @throws {@link ExpmanError} `CORRUPT` if the log does not begin like one
 */
export async function offlineRun(path: string): Promise<ExchangeRun> {
  const findings = new Findings();
  const survey = surveyOf(path, findings);
  const { facts, config, summary, exit, last, media, definitions } = survey;
  const startedAt = facts.startMs === undefined ? null : isoOfMs(facts.startMs);
  const rows = (): AsyncIterable<MetricRow> => oneRowAStep(asyncOf(rowsIn(path, facts.startMs ?? null)));
  const files = join(dirname(path), 'files');
  const kept = mediaOf(media, files, findings);
  return {
    experiment: facts.project ?? 'wandb',
    run: facts.name ?? facts.id ?? basename(path, '.wandb'),
    // Without an exit its process was killed, or goes on.
    status: exit === null ? RunStatus.Running : exit.code === 0 ? RunStatus.Finished : RunStatus.Failed,
    startedAt,
    endedAt:
      exit === null || last === null
        ? null
        : isoOfMs(Math.max(last, (facts.startMs ?? last) + exit.runtime * 1000)),
    tags: [...facts.tags, ...(facts.jobType === undefined ? [] : [`job_type=${facts.jobType}`])],
    notes: facts.notes ?? '',
    group: facts.group ?? facts.sweep ?? null,
    params: sanitiseParams(new Map(Object.entries(config).filter(([name]) => name !== '_wandb'))).params,
    ...summaryOf({ summary: await summaryValues(summary, rows), definitions: definitionsOf(definitions) }),
    fields: [],
    files: filesOf(files),
    source: sourceOf(facts, path),
    media: () => asyncOf(kept),
    findings: () => findings.all,
    rows,
    log: () => asyncOf(linesIn(path, facts.startMs ?? 0)),
  };
}

const sourceOf = ({ id, entity, commit }: OfflineRunFacts, path: string): ExchangeRun['source'] & object => ({
  files: [path],
  ...(id !== undefined && { id }),
  ...(entity !== undefined && entity !== '' && { user: entity }),
  ...(commit !== undefined && commit !== '' && { commit }),
});

/** What the log says of the run as a whole. */
interface Survey {
  facts: OfflineRunFacts;
  config: Record<string, unknown>;
  summary: Record<string, unknown>;
  exit: { readonly code: number; readonly runtime: number } | null;
  /** Milliseconds since the epoch of the last row. */
  last: number | null;
  readonly media: LoggedMedia[];
  readonly definitions: Mapping[];
}

function surveyOf(path: string, findings: Findings): Survey {
  const survey: Survey = {
    facts: { tags: [], config: [] },
    config: {},
    summary: {},
    exit: null,
    last: null,
    media: [],
    definitions: [],
  };
  let values = 0;
  for (const record of recordsIn(path, findings)) {
    if (record.kind === 'run') {
      survey.facts = record.facts;
      values += merge(survey.config, record.facts.config);
    } else if (record.kind === 'config' || record.kind === 'summary') {
      values += merge(survey[record.kind], record.items);
      for (const name of record.removed) Reflect.deleteProperty(survey[record.kind], name);
    } else if (record.kind === 'history') {
      const row: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      values += merge(row, record.items);
      const seconds = row['_timestamp'];
      if (typeof seconds === 'number' && seconds > 0 && seconds < 1e11) survey.last = seconds * 1000;
      const step = stepIn(row, record.step);
      for (const [name, value] of Object.entries(row))
        if (isMediaValue(value)) survey.media.push({ name, step, value });
    } else if (record.kind === 'exit') survey.exit = record;
    else if (record.kind === 'metric') survey.definitions.push(record.fields);
  }
  if (values > 0) findings.add('damaged', quantity(values, 'values whose JSON cannot be read'));
  return survey;
}

function* rowsIn(path: string, startMs: number | null): Generator<MetricRow, void> {
  for (const record of recordsIn(path)) {
    if (record.kind !== 'history') continue;
    const row = Object.create(null) as Record<string, unknown>;
    merge(row, record.items);
    const ms = timeOf(row['_timestamp'], row['_runtime'], startMs);
    const own = Object.entries(row).filter(([name, value]) => !name.startsWith('_') && !isMediaValue(value));
    const values = flatValues(own);
    if (values.length > 0)
      yield {
        step: stepIn(row, record.step),
        ...(ms !== undefined && { timestamp: ms }),
        values: rowValues(values),
      };
  }
}

function stepIn({ _step: step }: Readonly<Record<string, unknown>>, fallback: number | null): number | null {
  return typeof step === 'number' && Number.isSafeInteger(step) ? step : fallback;
}

/** What the program printed. */
function* linesIn(path: string, startMs: number): Generator<LogLine, void> {
  for (const record of recordsIn(path)) {
    if (record.kind !== 'output') continue;
    for (const message of record.line.split(/\r?\n/))
      if (message !== '')
        yield {
          timestampMs: record.ms ?? startMs,
          level: record.isError ? 'warn' : 'info',
          message,
          meta: {},
        };
  }
}

/** @param findings - gets what cannot be read, if it is to be told */
function* recordsIn(path: string, findings?: Findings): Generator<OfflineRecord, void> {
  const losses: OfflineLosses = { damaged: 0, tornAt: null };
  let wrong = 0;
  for (const data of offlineRecords(path, losses)) {
    let record: OfflineRecord;
    try {
      record = readOfflineRecord(data);
    } catch (error) {
      if (isMistake(error) && !(error instanceof RangeError)) throw error;
      wrong++;
      continue;
    }
    yield record;
  }
  const name = basename(path);
  if (losses.tornAt !== null)
    findings?.add('damaged', `the last record of ${name}, from byte ${losses.tornAt}, which is cut off`);
  if (losses.damaged + wrong > 0)
    findings?.add('damaged', quantity(losses.damaged + wrong, `records of ${name} that are damaged`));
}

/** Sets the values of items, nested ones in objects; returns how many cannot be read. */
function merge(into: Record<string, unknown>, items: readonly OfflineItem[]): number {
  let wrong = 0;
  for (const { path, json } of items) {
    let value: unknown;
    try {
      value = parsePythonJson(json, '');
    } catch (error) {
      if (!(error instanceof ExpmanError)) throw error;
      wrong++;
      continue;
    }
    set(into, path, value);
  }
  return wrong;
}

/** @bound loses nothing: a deeper name is one with points */
const MAX_DEPTH = 32;

function set(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path.length > MAX_DEPTH ? [path.join('.')] : path;
  let target = into;
  let key = name;
  for (const next of rest) {
    const inner = Object.hasOwn(target, key) ? target[key] : undefined;
    const group =
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? (inner as Record<string, unknown>)
        : (Object.create(null) as Record<string, unknown>);
    define(target, key, group);
    [target, key] = [group, next];
  }
  define(target, key, value);
}

/** Sets an own property, whatever its name. */
const define = (target: object, key: string, value: unknown): void =>
  void Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });

import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { callsLost } from '../model/losses.js';
import type { MetricSummary, MetricValue } from '../model/metric.js';
import { type Params, sanitiseParams } from '../model/params.js';
import type { RunFacts } from '../model/run-facts.js';
import { isRunStatus, RunStatus } from '../model/run-status.js';
import type { FsPort } from '../storage/fs-port.js';
import { LOCK_NAME } from '../storage/run-lock.js';
import { CONFIG_NAME, type Mapping, readMapping, isMapping } from '../storage/run-record.js';
import { parseSegmentName } from '../storage/wal/frame.js';
import { readIdentity } from '../writer/identity.js';
import { nameBefore } from '../writer/kept-files.js';
import { inspectRun, type RunInfo } from './inspect-run.js';

/** A run's facts, and whether they stay as they are for as long as its files do. */
export interface ReadFacts {
  readonly facts: RunFacts;
  readonly isSettled: boolean;
}

/**
 * Reads what a run is listed by. Of a run that was closed, its two YAML files say all; of any other one, the rows that are not
 * published count too.
 *
 * @throws {@link ExpmanError} as {@link inspectRun} does
 */
export function readFacts(fs: FsPort, runDir: string): ReadFacts {
  const names = fs.stat(runDir)?.kind === 'folder' ? fs.list(runDir) : [];
  // What an older version of this package set aside is looked into.
  const isOpen = names.some((name) => name === LOCK_NAME || parseSegmentName(nameBefore(name)) !== null);
  if (!isOpen) {
    const facts = closedFacts(fs, runDir);
    if (facts !== null) return { facts, isSettled: true };
  }
  const info = inspectRun(fs, runDir);
  // An owner on another host that seems dead may come back.
  return {
    facts: factsOf(info),
    isSettled: info.owner === 'free' || (info.owner === 'dead' && info.identity.host === hostname()),
  };
}

/** What a run is, as a list tells it. */
export function factsOf(info: RunInfo): RunFacts {
  const {
    identity,
    runDir,
    status,
    endedAt,
    durationMs,
    rows,
    dropped,
    invalid,
    lost,
    params,
    metrics,
    artifacts,
  } = info;
  const { uuid, startedAt, tags, notes, group, rank } = identity;
  return {
    ...{ ...namesOf(runDir), runDir, uuid, status, startedAt },
    ...(endedAt !== undefined && { endedAt }),
    ...{ durationMs, rows, dropped, invalid, lost, tags, notes, group },
    ...(rank !== undefined && { rank }),
    ...{ params, metrics, artifacts },
    ...(info.error !== undefined && { error: info.error }),
    ...(info.exitCode !== undefined && { exitCode: info.exitCode }),
    ...(info.degraded !== undefined && { degraded: info.degraded }),
  };
}

/** Its folders' names: what run.yaml says may be of before they were moved, or of anybody's. */
const namesOf = (runDir: string): { readonly experiment: string; readonly run: string } => ({
  experiment: basename(dirname(runDir)),
  run: basename(runDir),
});

/** Null for a run whose files do not say that it was closed. */
function closedFacts(fs: FsPort, runDir: string): RunFacts | null {
  const { identity, status, counts, losses, file } = readIdentity(fs, runDir);
  if (!isRunStatus(status) || status === RunStatus.Running) return null;
  const { uuid, startedAt, tags, notes, group, rank } = identity;
  const { endedAt, durationMs, exitCode, error, degraded } = file;
  return {
    ...{ ...namesOf(runDir), runDir, uuid, status, startedAt },
    ...(typeof endedAt === 'string' && { endedAt }),
    durationMs: typeof durationMs === 'number' ? durationMs : 0,
    rows: rowsIn(file),
    ...counts,
    lost: callsLost(losses),
    ...{ tags, notes, group },
    ...(rank !== undefined && { rank }),
    params: sanitiseParams(readMapping(fs, runDir, CONFIG_NAME) ?? {}).params,
    metrics: summariesIn(file),
    artifacts: sanitiseParams(file['artifacts'] ?? {}).params,
    ...(error !== undefined && { error }),
    ...(typeof exitCode === 'number' && { exitCode }),
    ...(degraded !== undefined && { degraded }),
  };
}

function rowsIn({ counts }: Mapping): number {
  const rows: unknown = isMapping(counts) ? counts['rows'] : undefined;
  return typeof rows === 'number' ? rows : 0;
}

function summariesIn({ metrics }: Mapping): ReadonlyMap<string, MetricSummary> {
  if (!isMapping(metrics)) return new Map();
  return new Map(
    Object.entries(metrics).flatMap(([metric, said]) => {
      const summary = isMapping(said) ? summaryIn(said) : null;
      return summary === null ? [] : [[metric, summary] as const];
    }),
  );
}

/** What a file says of a metric; null for what no run of ours says. */
export function summaryIn({
  last,
  count,
  min,
  max,
  mean,
  minStep,
  maxStep,
  nan,
}: Mapping): MetricSummary | null {
  if (!isValue(last) || typeof count !== 'number') return null;
  return {
    last,
    count,
    ...(isNumber(min) && { min }),
    ...(isNumber(max) && { max }),
    ...(typeof mean === 'number' && { mean }),
    ...(typeof minStep === 'number' && { minStep }),
    ...(typeof maxStep === 'number' && { maxStep }),
    ...(typeof nan === 'number' && { nan }),
  };
}

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';
const isValue = (value: unknown): value is MetricValue =>
  isNumber(value) || typeof value === 'boolean' || typeof value === 'string';

/** The facts as parameters, which have a text that keeps every number. */
export function plainFacts({ metrics, ...facts }: RunFacts): Params {
  return sanitiseParams({ ...facts, metrics: [...metrics] }).params;
}

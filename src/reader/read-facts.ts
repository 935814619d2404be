import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { artifactLinksIn } from '../model/artifact-links.js';
import { alertFactsIn, plainAlerts } from '../model/alerts.js';
import { ExpmanError } from '../model/errors.js';
import { callsLost } from '../model/losses.js';
import { extremeSteps, isMetricValue, type MetricSummary } from '../model/metric.js';
import { type Params, plainParams, sanitiseParams } from '../model/params.js';
import { jsonable } from '../model/jsonable.js';
import type { RunFacts } from '../model/run-facts.js';
import { headlineMapping, summaryFactsIn } from '../model/summary-values.js';
import { isRunStatus, RunStatus } from '../model/run-status.js';
import type { FsPort } from '../storage/fs-port.js';
import { LOCK_NAME } from '../storage/lock-file.js';
import { readProject } from '../run/experiment-file.js';
import { CONFIG_NAME } from '../run/file-names.js';
import { type Mapping, readMapping, isMapping } from '../run/run-record.js';
import { saidErrors } from '../run/said-error.js';
import { parseSegmentName } from '../storage/wal/frame.js';
import { readIdentity } from '../run/identity.js';
import type { PublishedFile } from '../run/summaries/file-metadata.js';
import { nameBefore } from '../run/kept-files.js';
import { readPublished } from '../run/load-run.js';
import { summariesFrom } from '../run/summaries/metric-summaries.js';
import { leftOutIn } from '../run/summaries/summary-copy.js';
import { inspectRun, type RunInfo } from './inspect-run.js';

/** A run's facts. */
export interface ReadFacts {
  readonly facts: RunFacts;
  readonly isSettled: boolean;
}

/**
 * Reads the facts that a listing shows. For a closed run, its two YAML files have them all; for any
 * other run, rows that are not published count too.
 *
 * @param projectOf - reads the project of an experiment; a listing does so once for all its runs
 * @throws {@link ExpmanError} as {@link inspectRun} does
 */
export function readFacts(
  fs: FsPort,
  runDir: string,
  projectOf: (experimentFolder: string) => string | null = (folder) => readProject(fs, folder),
): ReadFacts {
  const names = fs.stat(runDir)?.kind === 'folder' ? fs.list(runDir) : [];
  // Segments that an older version of this package set aside are read as well.
  const isOpen = names.some((name) => name === LOCK_NAME || parseSegmentName(nameBefore(name)) !== null);
  if (!isOpen) {
    const facts = closedFacts(fs, runDir, projectOf);
    if (facts !== null) return { facts, isSettled: true };
  }
  const info = inspectRun(fs, runDir);
  // An owner on another host that seems dead may come back.
  return {
    facts: factsOf(info),
    isSettled: info.owner === 'free' || (info.owner === 'dead' && info.identity.host === hostname()),
  };
}

/** Converts a run's information to the facts of a listing. */
export function factsOf(info: RunInfo): RunFacts {
  const {
    identity,
    runDir,
    project,
    status,
    endedAt,
    durationMs,
    rows,
    accepted,
    rewound,
    lastStep,
    dropped,
    invalid,
    lost,
    params,
    metrics,
    artifacts,
    loggedArtifacts,
    usedArtifacts,
    artifactLinksLeftOut,
    summary,
    headline,
    definitions,
    alerts,
    alertsLeftOut,
  } = info;
  const { uuid, startedAt, tags, notes, group, rank, parent } = identity;
  return jsonable({
    ...{ ...namesOf(runDir), runDir, project, uuid, status },
    ...(info.owner === 'unsure' && { owner: info.owner }),
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...{ durationMs, rows, accepted, rewound, lastStep, dropped, invalid, lost, tags, notes, group },
    ...(rank !== undefined && { rank }),
    ...(parent !== undefined && { parent }),
    ...{ params, metrics, artifacts, loggedArtifacts, usedArtifacts, artifactLinksLeftOut },
    ...{ summary, headline, definitions, alerts, alertsLeftOut },
    ...(info.error !== undefined && { error: info.error }),
    ...(info.exitCode !== undefined && { exitCode: info.exitCode }),
    ...(info.degraded !== undefined && { degraded: info.degraded }),
  });
}

/**
 * Returns the names of the run's folders: run.yaml may state names from before they were moved, or
 * any others.
 */
const namesOf = (runDir: string): { readonly experiment: string; readonly run: string } => ({
  experiment: basename(dirname(runDir)),
  run: basename(runDir),
});

/** Returns null for a run whose files do not say that it was closed. */
function closedFacts(
  fs: FsPort,
  runDir: string,
  projectOf: (experimentFolder: string) => string | null,
): RunFacts | null {
  const { identity, status, counts, losses, file } = readIdentity(fs, runDir);
  if (!isRunStatus(status) || status === RunStatus.Running) return null;
  const { uuid, startedAt, tags, notes, group, rank, parent } = identity;
  const { endedAt, durationMs, exitCode } = file;
  const published = factsNeeded(fs, runDir, uuid, file);
  return jsonable({
    ...{ ...namesOf(runDir), runDir, project: projectOf(dirname(runDir)), uuid, status, startedAt },
    ...(typeof endedAt === 'string' && { endedAt }),
    durationMs: typeof durationMs === 'number' ? durationMs : 0,
    ...countsOf(file, published),
    ...counts,
    lost: callsLost(losses),
    ...{ tags, notes, group },
    ...(rank !== undefined && { rank }),
    ...(parent !== undefined && { parent }),
    params: sanitiseParams(readMapping(fs, runDir, CONFIG_NAME) ?? {}).params,
    ...summariesOf(file, published),
    artifacts: plainParams(file['artifacts'] ?? {}),
    ...artifactLinksIn(file),
    ...summaryFactsIn(file),
    ...alertFactsIn(file),
    ...(typeof exitCode === 'number' && { exitCode }),
    ...saidErrors(file),
  });
}

/** Reads the footer's facts if run.yaml lacks some: for a run of many metrics, or of 0.1.0. */
function factsNeeded(fs: FsPort, runDir: string, uuid: string, file: Mapping): PublishedFile | null {
  if (leftOutIn(file) === 0 && countIn(file, 'accepted') !== null) return null;
  try {
    return readPublished(fs, runDir, uuid);
  } catch (error) {
    if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
    return null;
  }
}

/** Reads the counts; 0.1.0 counted calls as rows, and did not know the last step. */
function countsOf(
  file: Mapping,
  published: PublishedFile | null,
): Pick<RunFacts, 'rows' | 'accepted' | 'rewound' | 'lastStep'> {
  const accepted = countIn(file, 'accepted');
  const rows = countIn(file, 'rows') ?? 0;
  const { lastStep } = file;
  return {
    rows: accepted === null ? (published?.rows ?? rows) : rows,
    accepted: accepted ?? rows,
    rewound: countIn(file, 'rewound') ?? 0,
    lastStep: isNumber(lastStep) ? lastStep : (published?.facts.lastStep ?? null),
  };
}

function countIn({ counts }: Mapping, name: string): number | null {
  const count: unknown = isMapping(counts) ? counts[name] : undefined;
  return typeof count === 'number' ? count : null;
}

/**
 * Returns the summaries; if run.yaml lacks some, those of the file's footer; if that cannot be
 * read, the number that is missing.
 */
function summariesOf(
  file: Mapping,
  published: PublishedFile | null,
): Pick<RunFacts, 'metrics' | 'summariesLeftOut'> {
  if (published !== null) return { metrics: summariesFrom(published.facts.tallies) };
  const leftOut = leftOutIn(file) ?? 0;
  return { metrics: summariesIn(file), ...(leftOut > 0 && { summariesLeftOut: leftOut }) };
}

function summariesIn({ metrics }: Mapping): ReadonlyMap<string, MetricSummary> {
  if (!isMapping(metrics)) return jsonable(new Map<string, MetricSummary>());
  return jsonable(
    new Map(
      Object.entries(metrics).flatMap(([metric, said]) => {
        const summary = isMapping(said) ? summaryIn(said) : null;
        return summary === null ? [] : [[metric, summary] as const];
      }),
    ),
  );
}

/** Parses the summary of a metric; null if it is not valid. */
export function summaryIn({
  last,
  count,
  min,
  max,
  mean,
  minStep,
  maxStep,
  nan,
  texts,
}: Mapping): MetricSummary | null {
  if (!isMetricValue(last) || typeof count !== 'number') return null;
  return {
    last,
    count,
    ...(isNumber(min) && { min }),
    ...(isNumber(max) && { max }),
    ...(typeof mean === 'number' && { mean }),
    ...extremeSteps(isNumber(minStep) ? minStep : undefined, isNumber(maxStep) ? maxStep : undefined),
    ...(typeof nan === 'number' && { nan }),
    ...(typeof texts === 'number' && { texts }),
  };
}

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

/** Converts the facts to parameters, whose text keeps every number exactly. */
export function plainFacts({ metrics, headline, alerts, ...facts }: RunFacts): Params {
  return plainParams({
    ...facts,
    metrics: [...metrics],
    headline: headlineMapping(headline),
    alerts: plainAlerts(alerts),
  });
}

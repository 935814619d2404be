import { dirname, join } from 'node:path';
import { type ArtifactLinks, artifactLinksIn } from '../model/artifact-links.js';
import { type AlertFacts, alertFactsIn } from '../model/alerts.js';
import { ExpmanError } from '../model/errors.js';
import { jsonable } from '../model/jsonable.js';
import type { MetricSummary } from '../model/metric.js';
import { callsLost, mergeLosses } from '../model/losses.js';
import { type Params, mergeParams, plainParams } from '../model/params.js';
import type { Degradation, Loss, RunError, RunIdentity } from '../model/run-file.js';
import { RunStatus, isRunStatus } from '../model/run-status.js';
import type { Step } from '../model/step.js';
import { type SummaryFacts, summaryFactsIn } from '../model/summary-values.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { type Ownership, readOwnership } from '../storage/owner-watch.js';
import { CONFIG_NAME, LOG_NAME } from '../run/file-names.js';
import { readProject } from '../run/experiment-file.js';
import { readIdentity } from '../run/identity.js';
import { keptFiles, setAsideSegments, strandedSegments } from '../run/kept-files.js';
import { lastSignMs } from '../run/last-sign.js';
import { lastedMs } from '../run/lasted-ms.js';
import { NOTHING_PUBLISHED } from '../run/replay/replay.js';
import type { Malformed } from '../run/replay/replayer.js';
import { factsIn, restoreState } from '../run/replay/restore-state.js';
import { saidErrors } from '../run/said-error.js';
import { type OpenRows, openRows } from './read-rows.js';

/** The facts of a run, read from its files without changing them. */
export interface RunInfo extends SummaryFacts, ArtifactLinks, AlertFacts {
  readonly runDir: string;
  /** The project of its experiment, by `experiment.yaml`; null for none. */
  readonly project: string | null;
  readonly identity: RunIdentity;
  /**
   * RUNNING only while its owner is or may be alive; a run whose owner died has the status it was
   * given before, or CRASHED.
   */
  readonly status: RunStatus;
  /**
   * States whether a process owns the run and whether that process is alive; `unsure` if it is on
   * another host, and no file can be written beside its lock to compare their times.
   */
  readonly owner: Ownership['kind'];
  /** ISO 8601, UTC; absent while the run is open, and for one that was cut off. */
  readonly endedAt?: string;
  /**
   * Milliseconds that its sessions lasted, summed; for a run that was cut off, up to its last sign
   * of life.
   */
  readonly durationMs: number;
  /** Rows that `metrics.parquet` would hold if it were published now. */
  readonly rows: number;
  /** Rows that `metrics.parquet` holds. */
  readonly publishedRows: number;
  /** Rows that only the write-ahead log has. */
  readonly walRows: number;
  /** Calls that were accepted; several may form one row. */
  readonly accepted: number;
  /** Rows that resuming with `fromStep` has removed. */
  readonly rewound: number;
  /** The greatest step; null if no row has one. */
  readonly lastStep: Step | null;
  readonly dropped: number;
  readonly invalid: number;
  /** Calls that are known to be lost: in damaged or deleted parts of the write-ahead log. */
  readonly lost: number;
  /** The places where they were lost. */
  readonly losses: readonly Loss[];
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  readonly params: Params;
  /** Name, bytes and SHA-256 of saved artifacts. */
  readonly artifacts: Params;
  readonly error?: RunError;
  readonly exitCode?: number;
  readonly degraded?: Degradation;
  /**
   * Bytes at the end of the write-ahead log that are not a whole frame: being written, or cut off.
   */
  readonly tornBytes: number;
  /** Files that fail their checks. */
  readonly corrupt: readonly string[];
  /** Files that were found damaged earlier and are kept as `*.corrupt`. */
  readonly kept: readonly string[];
  /**
   * Those of them that are intact: an older version of this package could not read them, and a
   * recovery restores them.
   */
  readonly setAside: readonly string[];
  /**
   * Rows of the write-ahead log after damaged bytes, which readers do not return before a recovery.
   */
  readonly rowsBehindGap: number;
  /** Descriptions of intact frames of the write-ahead log whose records are not valid. */
  readonly malformed: readonly Malformed[];
  /** Files of the run and their sizes in bytes, without artifacts. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Reads the facts of a run: status, counts, summaries and parameters, published or not.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT` if its run.yaml is not valid,
 * `UNSAFE_YAML`, `IO`
 */
export function inspectRun(fs: FsPort, runDir: string): RunInfo {
  const { info, rows } = openContents(fs, runDir);
  rows.close();
  return info;
}

/**
 * Does the same as {@link openContents}, for callers that need the rows.
 *
 * @throws ExpmanError `CORRUPT` if the file of rows fails its checks
 */
export function openIntact(fs: FsPort, runDir: string): ReturnType<typeof openContents> {
  const contents = openContents(fs, runDir);
  if (!contents.info.corrupt.includes(METRICS_NAME)) return contents;
  contents.rows.close();
  throw damaged(runDir);
}

/** Returns the error for a run whose file of rows is damaged, missing, or of another run. */
export function damaged(runDir: string): ExpmanError {
  const path = join(runDir, METRICS_NAME);
  return new ExpmanError('CORRUPT', `${path} fails its checks or is missing: the rows in it cannot be read`, {
    path,
  });
}

/**
 * Reads the facts of a run, and opens its rows as they are at that moment; the caller closes them.
 */
export function openContents(
  fs: FsPort,
  runDir: string,
): { readonly info: RunInfo; readonly rows: OpenRows } {
  if (fs.stat(runDir)?.kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${runDir}`, { path: runDir });
  const known = readIdentity(fs, runDir);
  const { identity, status, counts, rows: counted, file } = known;
  const owner = readOwnership(fs, runDir).kind;
  const rows = openRows(fs, runDir, identity.uuid);
  const { replay } = rows;
  const found = [
    ...replay.losses,
    ...restoreState(fs, runDir, replay),
    ...strandedSegments(fs, runDir, identity.uuid, rows.published),
  ];
  const losses = mergeLosses(known.losses, found);
  // The rows of a closed run are in its file or nowhere.
  const isClosed = owner === 'free' && status !== RunStatus.Running && replay.segments.length === 0;
  const isGone = isClosed && rows.publishedRows === 0 && counted > 0 && rows.corrupt.length === 0;
  const facts = mergeParams(factsIn(file), replay.state.facts);
  const info: RunInfo = jsonable({
    runDir,
    project: readProject(fs, dirname(runDir)),
    identity,
    status: statusOf(status, owner, replay.state.ending?.status),
    owner,
    ...(typeof file['endedAt'] === 'string' && { endedAt: file['endedAt'] }),
    durationMs: lastedMs(fs, runDir, known, () => lastSignMs(fs, runDir, identity.uuid)),
    rows: rows.rows,
    publishedRows: rows.publishedRows,
    walRows: replay.rows,
    accepted: rows.calls + callsLost(losses),
    rewound: rows.rewound,
    lastStep: rows.lastStep,
    ...counts,
    lost: callsLost(losses),
    losses,
    metrics: rows.metrics,
    params: replay.state.params,
    artifacts: plainParams(facts['artifacts'] ?? {}),
    ...artifactLinksIn({ ...file, ...facts }),
    ...summaryFactsIn(facts),
    ...alertFactsIn({ ...facts, alertsLeftOut: file['alertsLeftOut'] }),
    ...(typeof file['exitCode'] === 'number' && { exitCode: file['exitCode'] }),
    ...saidErrors(file),
    tornBytes: replay.tornBytes,
    corrupt: [...(isGone ? [METRICS_NAME] : rows.corrupt), ...replay.corrupt],
    kept: keptFiles(fs, runDir),
    setAside: setAsideSegments(fs, runDir, identity.uuid, rows.published?.watermark ?? NOTHING_PUBLISHED).map(
      ({ name }) => name,
    ),
    rowsBehindGap: replay.rowsBehindGap,
    malformed: replay.malformed,
    files: filesOf(fs, runDir),
  });
  return { info, rows };
}

function statusOf(written: string, owner: Ownership['kind'], ending: string | undefined): RunStatus {
  if (isRunStatus(written) && written !== RunStatus.Running) return written;
  if (owner === 'alive' || owner === 'unsure') return RunStatus.Running;
  return isRunStatus(ending) ? ending : RunStatus.Crashed;
}

function filesOf(fs: FsPort, runDir: string): { readonly name: string; readonly bytes: number }[] {
  const order = ['run.yaml', CONFIG_NAME, LOG_NAME, METRICS_NAME];
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return fs
    .list(runDir)
    .flatMap((name) => {
      const facts = fs.stat(join(runDir, name));
      return facts?.kind === 'file' ? [{ name, bytes: facts.size }] : [];
    })
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

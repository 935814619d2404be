/**
 * Reading runs, open or closed: their rows as an Arrow table, and their facts.
 *
 * @packageDocumentation
 */
import type { Observable } from 'rxjs';
import type { RowTable } from '../columnar/table.js';
import { resolvePath } from '../model/option-rules.js';
import { nodeFs } from '../storage/node-fs.js';
import type { Recovery } from '../writer/recovery/recover-run.js';
import { Artifacts } from './artifacts/artifacts.js';
import { amendRunBy, type RunChanges, type RunLabels } from './amend-run.js';
import { EXPERIMENTS_OPTIONS, Experiments, type ExperimentsOptions } from './experiments.js';
import { inspectRun as inspect, type RunInfo } from './inspect-run.js';
import { type MonitorEvent, type MonitorOptions, monitorBy } from './monitor/monitor-runs.js';
import { type LoggedMedia, mediaOf } from './read-media.js';
import { type RecoverOptions, recoverBy } from './recover.js';
import { type StopOptions, type StopResult, stopRunBy } from './stop-run.js';
import { setProjectOf } from './set-project.js';
import { type StoredRun, openStoredRun } from './stored-run.js';

export type { ArtifactLink, ArtifactLinks } from '../model/artifact-links.js';
export type { ArtifactFile, ArtifactManifest, ArtifactRun } from '../model/artifact-manifest.js';
export type { ArtifactVersion } from '../storage/artifacts/artifact-version.js';
export type { CheckedOut } from '../storage/artifacts/check-out.js';
export type { Pruning } from '../storage/artifacts/prune.js';
export type { ArtifactProblem, ArtifactVerification } from '../storage/artifacts/verify.js';
export type { Artifacts, ArtifactSummary, PruneOptions } from './artifacts/artifacts.js';
export type { ArtifactLineage, LineageRun } from './artifacts/lineage.js';
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../model/errors.js';
export type { ColumnField, ColumnType } from '../columnar/column.js';
export type { RowTable, RowsBatch } from '../columnar/table.js';
export type { LogLine } from '../run/log-line.js';
export { type Histogram, parseHistogram } from '../model/histogram.js';
export type { MediaFile, MediaKind } from '../model/media.js';
export type { MetricPoint, MetricRow, MetricSummary, MetricValue } from '../model/metric.js';
export type { RunParent } from '../model/run-parent.js';
export type { Ancestor } from '../run/lineage.js';
export type { CheckpointFacts, StoredCheckpoint } from '../run/stored-checkpoint.js';
export type { Step } from '../model/step.js';
export type { Params, ParamValue } from '../model/params.js';
export type { AlertFacts, AlertLevel, RunAlert } from '../model/alerts.js';
export type { RunFacts } from '../model/run-facts.js';
export type { AlertSettings } from '../model/webhook.js';
export type { SummaryFacts, SummaryValues } from '../model/summary-values.js';
export type {
  Goal,
  MetricDefinition,
  MetricDefinitions,
  SummaryStatistic,
} from '../pure/metric-definition.js';
export type { Degradation, Loss, ResumeMark, RunError, RunIdentity } from '../model/run-file.js';
export { RunStatus } from '../model/run-status.js';
export type { RecoverOptions } from './recover.js';
export type { RunChanges, RunLabels } from './amend-run.js';
export type { Recovery } from '../writer/recovery/recover-run.js';
export type {
  Experiments,
  ExperimentsOptions,
  GroupQuery,
  PointQuery,
  RunGroup,
  RunPoints,
  RunQuery,
  SeriesPoint,
  SeriesQuery,
  StoredExperiment,
} from './experiments.js';
export type { FactsGroup, GroupFigure } from './groups.js';
export type { HistoryOptions } from './history.js';
export type { PointSelection } from './points.js';
export type { FollowOptions } from './follow-rows.js';
export type { RunInfo } from './inspect-run.js';
export type { Malformed } from '../run/replay/replayer.js';
export type { LogFilter } from './read-log.js';
export type { LoggedMedia } from './read-media.js';
export type { OnScan, RunListing, UnreadableRun } from './run-index.js';
export type { RowSelection, StoredRow } from './select-rows.js';
export type { StoredArtifact } from './read-artifacts.js';
export type { MonitorEvent, MonitorOptions } from './monitor/monitor-runs.js';
export type { StopOptions, StopResult } from './stop-run.js';
export type { StoredRun } from './stored-run.js';
export type { FactsSource, Skipped } from './query/facts-source.js';
export {
  type QueryColumn,
  type QueryOptions,
  type QueryResult,
  type QueryStream,
  queryRuns,
  streamQuery,
} from './query/query-runs.js';
export { type Filter, parseWhere } from './where/parse-where.js';
export { type RunOrder, parseSort } from './where/parse-sort.js';

/**
 * Opens a folder whose runs are to be read: a run, an experiment, or a folder of experiments. Links
 * are not followed.
 *
 * @example
 * const lab = openExperiments('./experiments');
 * for (const { facts } of await lab.runs()) console.log(facts.experiment, facts.run, facts.status);
 */
export function openExperiments(dir: string, options: ExperimentsOptions = {}): Experiments {
  return new Experiments(nodeFs, resolvePath('dir', dir), EXPERIMENTS_OPTIONS.resolve(options));
}

/**
 * Opens the folder of one run, whatever its state.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO`
 * @example
 * const run = openRun('./experiments/my_exp/20260101_120000');
 * run.follow().subscribe(({ step, values }) => console.log(step, values['loss']));
 */
export function openRun(runDir: string): StoredRun {
  return openStoredRun(nodeFs, resolvePath('runDir', runDir));
}

/** A run as it was at one moment. */
export interface RunReading extends RunInfo {
  /**
   * All rows, in the order they were logged: step, timestamp, then one column per metric; an Arrow
   * table.
   */
  readonly table: RowTable;
}

/**
 * Reads a run whatever its state: open in another process, closed, or cut off. Takes no lock and
 * changes nothing.
 *
 * Rows that are not in `metrics.parquet` yet come from the write-ahead log.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO`
 * @example
 * const { status, table } = await readRun('./experiments/my_exp/20260101_120000');
 * console.log(status, table.numRows, table.getChild('loss')?.get(0));
 */
export async function readRun(runDir: string): Promise<RunReading> {
  const { readContents } = await import('./read-contents.js');
  const { info, table } = readContents(nodeFs, resolvePath('runDir', runDir));
  return { ...info, table };
}

/**
 * Reads the facts of a run, without the values of its rows.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO`
 */
// eslint-disable-next-line @typescript-eslint/require-await -- errors are rejections, and reading may move to a thread
export async function inspectRun(runDir: string): Promise<RunInfo> {
  return inspect(nodeFs, resolvePath('runDir', runDir));
}

/**
 * Lists the images, files and tables that a run has logged, in order, whether it is open or closed.
 *
 * Each entry of the manifest is checked: files that are missing, links, outside `media/` or of
 * another size are left out (`expman verify` names them). The type is the one given or detected
 * when the file was logged: do not trust it to show anything active.
 *
 * @throws {@link ExpmanError} `CORRUPT` if the manifest is larger than 64 MB or not a file, `IO`
 */
// eslint-disable-next-line @typescript-eslint/require-await -- as above
export async function readMedia(runDir: string): Promise<LoggedMedia[]> {
  return mediaOf(nodeFs, resolvePath('runDir', runDir));
}

/**
 * Reads the metrics of process and machine that were sampled while a run was open
 * (`systemMetrics`): `timestamp`, then one column per metric; an Arrow table, or null if nothing
 * was sampled.
 *
 * For a run that is open, or was killed, the last twenty seconds are missing (or a hundred times
 * what writing the file takes).
 *
 * @throws {@link ExpmanError} `CORRUPT` or `IO`
 */
export async function readSystemMetrics(runDir: string): Promise<RowTable | null> {
  const { systemMetricsOf } = await import('./read-system.js');
  return systemMetricsOf(nodeFs, resolvePath('runDir', runDir));
}

/**
 * Recovers a run that was cut off and closes it: rows that are only in its write-ahead log are
 * moved into `metrics.parquet`.
 *
 * Idempotent; an intact run is left as it is. A run owned by a process on another host is refused
 * without `force`.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `RUN_LOCKED` if its owner is or may be alive,
 * `CORRUPT`, `WRITE_FAILED`, `INVALID_OPTION`
 */
export async function recoverRun(runDir: string, options: RecoverOptions = {}): Promise<Recovery> {
  return recoverBy(nodeFs, resolvePath('runDir', runDir), options);
}

/**
 * Changes tags, notes and summary of a closed run, whole or not at all; the rules for them are those
 * of a new run. Resolves with the tags, notes and summary it has then.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` without a change, or for tags or notes that a run
 * may not have; `RUN_NOT_FOUND`, `RUN_LOCKED` if its owner is or may be alive, `INVALID_VALUE` for
 * a summary value that a run may not have and for an interrupted run that is not recovered yet,
 * `CORRUPT`, `IO`
 * @example
 * const { tags } = await amendRun('./experiments/my_exp/baseline', { addTags: ['best'] });
 */
// eslint-disable-next-line @typescript-eslint/require-await -- as above
export async function amendRun(runDir: string, changes: RunChanges): Promise<RunLabels> {
  return amendRunBy(nodeFs, resolvePath('runDir', runDir), changes);
}

/**
 * Opens the artifacts with versions below a folder of experiments, which runs log with
 * `run.logArtifact`.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`
 * @example
 * const model = await openArtifacts('./experiments').open('model:latest');
 * console.log(model.ref, model.files.map(({ path }) => path));
 */
export function openArtifacts(dir: string): Artifacts {
  return new Artifacts(nodeFs, resolvePath('dir', dir));
}

/**
 * Asks a running run to end: its `stop$` emits, and its `signal` is aborted. With the folder of a
 * running sweep, the sweep stops. Resolves once that is written, or when the run has ended or `waitMs`
 * have passed.
 *
 * The request is for the present owner of the run: a run that is resumed later is not stopped by it.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `RUN_CLOSED` if it has no living owner, `CORRUPT`,
 * `INVALID_OPTION`, `IO` without the right to write into its folder
 * @example
 * const { hasEnded } = await stopRun('./experiments/my_exp/r1', { reason: 'too hot', waitMs: 60_000 });
 */
export async function stopRun(runDir: string, options: StopOptions = {}): Promise<StopResult> {
  return stopRunBy(nodeFs, resolvePath('runDir', runDir), options);
}

/**
 * Watches the runs at or below a folder from outside: emits when one crashes, stalls or meets a filter,
 * once for each condition and owner of a run, and sends that to the webhook, if there is one. Alerts
 * that ended runs have left unsent are sent, too, if they were raised in that folder with that webhook.
 *
 * Looks until it is unsubscribed from, or once; keeps the process alive. A webhook that does not
 * answer delays the next look, by no more than a minute and a half for each message.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` or `INVALID_FILTER` at the call; `RUN_NOT_FOUND` as an
 * error of the stream if there is no such folder at the first look
 * @example
 * monitorRuns('./experiments', { on: ['crashed', 'metrics.loss.last > 10'] })
 *   .subscribe((event) => console.log(event));
 */
export function monitorRuns(dir: string, options: MonitorOptions = {}): Observable<MonitorEvent> {
  return monitorBy(nodeFs, resolvePath('dir', dir), options);
}

/**
 * Sets the project of an experiment, by which its runs can be listed and filtered, or removes it
 * with null. Everything else in `experiment.yaml` stays.
 *
 * @param dir - the folder of an experiment, not a link
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if it is not the folder of an experiment,
 * `INVALID_OPTION` for a name that is not a text of 1 to 128 characters, `CORRUPT`, `UNSAFE_YAML`,
 * `IO`
 * @example
 * await setProject('./experiments/digits', 'vision');
 */
// eslint-disable-next-line @typescript-eslint/require-await -- as above
export async function setProject(dir: string, project: string | null): Promise<void> {
  setProjectOf(nodeFs, resolvePath('dir', dir), project);
}

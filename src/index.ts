/**
 * The experiment log for JavaScript: runs are actors on RxJS streams, and the rows of a run end up
 * in one Parquet file.
 *
 * @packageDocumentation
 */
export type { ArtifactFiles, ArtifactReference, LogArtifactOptions } from './engine/files/version-call.js';
export type { ArtifactContent, ArtifactFacts } from './engine/files/artifacts.js';
export type { CheckpointContent } from './engine/files/checkpoint-call.js';
export { currentRun, withRun } from './engine/current-run.js';
export type { LoggableRun } from './engine/loggable-run.js';
export { LoggingEngine } from './engine/logging-engine.js';
export type { ImageOptions, MediaOptions } from './engine/files/media-log.js';
export type { TableInput } from './engine/files/table-lines.js';
export { resumeRun, type ResumedRun, type ResumeOptions } from './engine/resume-run.js';
export type { ArtifactFile, ArtifactManifest, ArtifactRun } from './model/artifact-manifest.js';
export { ExpmanError, type ErrorCode, type ErrorFacts } from './model/errors.js';
export {
  ExperimentConfig,
  type ExperimentOptions,
  type PlainConfig,
  type ResolvedOptions,
} from './model/experiment-config.js';
export {
  histogram,
  type HistogramInput,
  type HistogramOptions,
  type ReadyHistogram,
} from './model/histogram.js';
export type { MediaFile, MediaKind } from './model/media.js';
export type { CheckpointOptions } from './model/keep-rule.js';
export type { LiveMetric, LiveSnapshot, LiveStatus } from './model/live.js';
export type {
  AnyMetrics,
  MetricPoint,
  MetricRow,
  MetricsOf,
  MetricSummary,
  MetricValue,
  RowObserver,
  ValuesFor,
} from './model/metric.js';
export type { RecordedValues, Recorder } from './model/recorder.js';
export type { Step } from './model/step.js';
export type { StopRequest } from './model/stop-request.js';
export type { AlertFacts, AlertLevel, AlertOptions, RunAlert } from './model/alerts.js';
export type { AlertSettings, ResolvedAlerts } from './model/webhook.js';
export type { SummaryOptions, SummaryValues } from './model/summary-values.js';
export type { Goal, MetricDefinition, SummaryStatistic } from './pure/metric-definition.js';
export type { ArtifactName, ExperimentName, RunName } from './model/names.js';
export type { RunParent } from './model/run-parent.js';
export type { Degradation, Health, RunError, RunSummary } from './model/run-file.js';
export { RunStatus } from './model/run-status.js';
export type { CheckpointFacts, StoredCheckpoint } from './run/stored-checkpoint.js';
export type { ArtifactVersion } from './storage/artifacts/artifact-version.js';
export type { CheckedOut } from './storage/artifacts/check-out.js';

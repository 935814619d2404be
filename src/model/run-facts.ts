import type { ArtifactLinks } from './artifact-links.js';
import type { AlertFacts } from './alerts.js';
import type { MetricSummary } from './metric.js';
import type { Params } from './param-value.js';
import type { RunParent } from './run-parent.js';
import type { Degradation, RunError } from './run-file.js';
import type { RunStatus } from './run-status.js';
import type { Step } from './step.js';
import type { SummaryFacts } from './summary-values.js';

/** A run without its rows: the facts by which it is listed, filtered and compared. */
export interface RunFacts extends SummaryFacts, ArtifactLinks, AlertFacts {
  readonly experiment: string;
  readonly run: string;
  readonly runDir: string;
  /** The project of its experiment, by `experiment.yaml`; null for none. */
  readonly project: string | null;
  /** 32 hex digits; stays the same when the folder is moved. */
  readonly uuid: string;
  /**
   * RUNNING only while its owner is alive, or may be; a run whose owner died has the status it
   * ended with, or CRASHED.
   */
  readonly status: RunStatus;
  /**
   * Present if the run is RUNNING only by its run.yaml: its owner is on another host, and cannot be
   * checked from here.
   */
  readonly owner?: 'unsure';
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /**
   * ISO 8601, UTC; absent while the run is open, and for an interrupted one that was never closed.
   */
  readonly endedAt?: string;
  /**
   * The summed duration of its sessions in milliseconds; for a session that was cut off, up to its
   * last sign of life.
   */
  readonly durationMs: number;
  /** Rows that `metrics.parquet` holds, or would if it were published now. */
  readonly rows: number;
  /** Accepted calls; several may form one row. */
  readonly accepted: number;
  /** Rows removed by resuming with `fromStep`. */
  readonly rewound: number;
  /** The greatest step of the existing rows; null if none has one. */
  readonly lastStep: Step | null;
  readonly dropped: number;
  readonly invalid: number;
  /** Calls known to be lost, in damaged or deleted parts of the write-ahead log. */
  readonly lost: number;
  readonly tags: readonly string[];
  readonly notes: string;
  readonly group: string | null;
  /** The index of its process in a distributed group; absent for any other run. */
  readonly rank?: number;
  /** The run from which this one was forked; absent for any other run. */
  readonly parent?: RunParent;
  readonly params: Params;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  /**
   * The number of metrics missing above, for a closed run whose `metrics.parquet` cannot be read;
   * absent if all are there.
   */
  readonly summariesLeftOut?: number;
  /** Name, bytes and SHA-256 of each saved artifact. */
  readonly artifacts: Params;
  /** The error that ended the run. */
  readonly error?: RunError;
  readonly exitCode?: number;
  /** Present for a run some of whose rows were not written as they should have been, and why. */
  readonly degraded?: Degradation;
}

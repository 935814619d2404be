import type { MetricSummary } from './metric.js';
import type { Params } from './param-value.js';
import type { RunParent } from './run-parent.js';
import type { RunStatus } from './run-status.js';
import type { Step } from './step.js';
import type { SummaryValues } from './summary-values.js';

/** A mark of a run that was resumed. */
export interface ResumeMark {
  /** The time; ISO 8601, UTC. */
  readonly at: string;
  /** The status before. */
  readonly from: string;
  /** The greatest step before; null for a run without steps. */
  readonly step: Step | null;
  /** The summed duration of the sessions before it in milliseconds; absent in a mark of 0.1.0. */
  readonly lastedMs?: number;
  /** The step from which on rows were removed; absent if all stayed. */
  readonly fromStep?: Step;
}

/** The part of `run.yaml` that does not change while the run is open. */
export interface RunIdentity {
  readonly experiment: string;
  readonly run: string;
  /** 32 hex digits; ties the run's files together. */
  readonly uuid: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly pid: number;
  readonly host: string;
  /** Incremented with every new owner of the run. */
  readonly epoch: number;
  readonly tags: readonly string[];
  readonly notes: string;
  readonly group: string | null;
  /** The index of its process in a distributed group; absent for any other run. */
  readonly rank?: number;
  /** Node, platform, machine, arguments without secrets, git; absent with `environment: false`. */
  readonly environment?: Params;
  /** The run from which this one was forked; absent for any other run. */
  readonly parent?: RunParent;
  /** The times the run was resumed, oldest first. */
  readonly resumed?: readonly ResumeMark[];
  /** The path and the format that it was imported from, with the time. */
  readonly imported?: Params;
  /** The run that it was copied from: `uuid`, `experiment`, `run`, `at`. */
  readonly copiedFrom?: Params;
  /** The runs that were merged into it: `as`, `at`, and `runs`, a list. */
  readonly mergedFrom?: Params;
}

/** The entries of `run.yaml` that say what a run was made from, for every later owner to keep. */
export const ORIGIN_KEYS = [
  'imported',
  'copiedFrom',
  'mergedFrom',
] as const satisfies readonly (keyof RunIdentity)[];

/** The reason why a run's rows are not where they should be. */
export interface Degradation {
  /** An {@link ErrorCode}, or the operating system's code. */
  readonly code: string;
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** A known loss of calls and other records of a run: their number and their place. */
export interface Loss {
  /** The owner that wrote the records, counted from 0. */
  readonly epoch: number;
  /** The number of the first missing record in its epoch. */
  readonly firstRecord: number;
  /** The length of the gap, in records. */
  readonly records: number;
  /** The lost calls: rows as they were logged. */
  readonly calls: number;
  /** Present if `calls` is an upper bound: a version 1 log counts records, not calls. */
  readonly atMost?: true;
  /**
   * The lost log lines, parameters and other records; absent for none, and if that is not known.
   */
  readonly others?: number;
  /** The file in which the gap was found. */
  readonly file: string;
}

/** The counts of a run. */
export interface RunCounts {
  /** Rows that `metrics.parquet` would hold if it were published now. */
  readonly rows: number;
  /**
   * Accepted calls; several may form one row. Includes the calls of rows that were removed later.
   */
  readonly accepted: number;
  /** Rows of earlier sessions that were removed by resuming with `fromStep`. */
  readonly rewound: number;
  /** Calls that were not accepted because the buffer was full. */
  readonly dropped: number;
  /** Values, steps and rows that could not be logged. */
  readonly invalid: number;
  /** Calls known to be lost; the file's `losses` says where they were. */
  readonly lost: number;
}

/** The error that ended a run. */
export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** The content of `run.yaml`. */
export interface RunFile extends RunIdentity {
  readonly status: RunStatus;
  readonly endedAt?: string;
  /** The summed duration of its sessions in milliseconds, by the monotonic clock. */
  readonly durationMs: number;
  readonly heartbeatAt: string;
  readonly counts: RunCounts;
  /** The greatest step of the existing rows; null if none has a step. */
  readonly lastStep: Step | null;
  readonly losses: readonly Loss[];
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  readonly error?: RunError;
  readonly exitCode?: number;
  readonly degraded?: Degradation;
}

/** The end of a run; `close()` resolves to it. */
export interface RunSummary extends RunCounts {
  readonly status: RunStatus;
  readonly runDir: string;
  /** The summed duration of its sessions in milliseconds, by the monotonic clock. */
  readonly durationMs: number;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  /** The values of the run as a whole, set with `run.summary`. */
  readonly summary: SummaryValues;
}

/** The health of an open run. */
export interface Health {
  /** Accepted calls; one may join the row of an earlier one. */
  readonly accepted: number;
  /** The accepted calls that are in the write-ahead log. */
  readonly flushed: number;
  /** The accepted calls that are in `metrics.parquet`. */
  readonly published: number;
  readonly dropped: number;
  readonly invalid: number;
  /**
   * The number of times `metrics.parquet` was replaced, and the total time that took the writer, in
   * milliseconds.
   */
  readonly publishes: { readonly count: number; readonly totalMs: number };
  /** The reason why rows are not where they should be; null while all is well. */
  readonly degraded: Degradation | null;
  /**
   * The alerts that the webhook has accepted since the run was opened, those that are on their way,
   * and the reason why the last attempt failed, null if it did not.
   */
  readonly alerts: { readonly sent: number; readonly pending: number; readonly failure: string | null };
}

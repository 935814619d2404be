import type { MetricSummary } from './metric.js';
import type { Params } from './param-value.js';
import type { RunStatus } from './run-status.js';

/** What `run.yaml` says of a run that does not change while it is open. */
export interface RunIdentity {
  readonly experiment: string;
  readonly run: string;
  /** 32 hex digits; ties the run's files together. */
  readonly uuid: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly pid: number;
  readonly host: string;
  /** One higher with every owner the run has had. */
  readonly epoch: number;
  readonly tags: readonly string[];
  readonly notes: string;
  readonly group: string | null;
  /** Which process of a distributed group it is; absent for a run that is none. */
  readonly rank?: number;
  /** Node, platform, machine, arguments without secrets, git; absent with `environment: false`. */
  readonly environment?: Params;
  /** When the run was taken up again, from which state, behind which step. */
  readonly resumed?: readonly { readonly at: string; readonly from: string; readonly step: number | null }[];
}

/** Why a run's rows are not where they should be. */
export interface Degradation {
  /** An {@link ErrorCode}, or the operating system's. */
  readonly code: string;
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** Calls of a run, and other records, that are known to be gone: how many, and where they were. */
export interface Loss {
  /** The owner whose records they were, counted from 0. */
  readonly epoch: number;
  /** Number of the first missing record in its epoch. */
  readonly firstRecord: number;
  /** Length of the gap, in records. */
  readonly records: number;
  /** Calls that are gone: rows as they were logged. */
  readonly calls: number;
  /** Present when `calls` is an upper bound: a version 1 log counts records, not calls. */
  readonly atMost?: true;
  /** Log lines, parameters and other records that are gone; absent for none, and where that is not known. */
  readonly others?: number;
  /** File in which the gap was found. */
  readonly file: string;
}

/** What is counted of a run. */
export interface RunCounts {
  /** Rows logged, dropped ones left out. */
  readonly rows: number;
  /** Rows that were not taken because the buffer was full. */
  readonly dropped: number;
  /** Values, steps and rows that were of no loggable type. */
  readonly invalid: number;
  /** Calls that are known to be gone; where they were is in the file's `losses`. */
  readonly lost: number;
}

/** What the error was that ended a run. */
export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** What `run.yaml` says of a run. */
export interface RunFile extends RunIdentity {
  readonly status: RunStatus;
  readonly endedAt?: string;
  /** Milliseconds between open and end, or the last heartbeat. */
  readonly durationMs: number;
  readonly heartbeatAt: string;
  readonly counts: RunCounts;
  readonly losses: readonly Loss[];
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  readonly error?: RunError;
  readonly exitCode?: number;
  readonly degraded?: Degradation;
}

/** How a run ended; what `close()` resolves to. */
export interface RunSummary {
  readonly status: RunStatus;
  readonly runDir: string;
  readonly rows: number;
  readonly dropped: number;
  readonly invalid: number;
  /** Milliseconds between open and end. */
  readonly durationMs: number;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
}

/** How an open run is doing. */
export interface Health {
  /** Rows taken from the caller. */
  readonly accepted: number;
  /** Rows in the write-ahead log. */
  readonly flushed: number;
  /** Rows in `metrics.parquet`. */
  readonly published: number;
  readonly dropped: number;
  readonly invalid: number;
  /** How often `metrics.parquet` was replaced, and how long that took the writer in all, in milliseconds. */
  readonly publishes: { readonly count: number; readonly totalMs: number };
  /** Why rows are not where they should be; null while all is well. */
  readonly degraded: Degradation | null;
}

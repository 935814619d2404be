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
  /** Where the run was taken up again, oldest first. */
  readonly resumed?: readonly ResumeMark[];
}

/** When a run was taken up again, from which state, behind which step. */
export interface ResumeMark {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly from: string;
  readonly step: number | null;
  /** Milliseconds that the sessions before it lasted, summed; absent in a mark of 0.1.0. */
  readonly lastedMs?: number;
}

/** Why a run's rows are not where they should be. */
export interface Degradation {
  /** An {@link ErrorCode}, or the operating system's. */
  readonly code: string;
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** What is counted of a run. */
export interface RunCounts {
  /** Rows logged, dropped ones left out. */
  readonly rows: number;
  /** Rows that were not taken because the buffer was full. */
  readonly dropped: number;
  /** Values, steps and rows that were of no loggable type. */
  readonly invalid: number;
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
  /** Milliseconds that its sessions lasted, summed, by the monotonic clock. */
  readonly durationMs: number;
  readonly heartbeatAt: string;
  readonly counts: RunCounts;
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
  /** Milliseconds that its sessions lasted, summed, by the monotonic clock. */
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

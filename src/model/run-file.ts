import type { MetricSummary } from './metric.js';
import type { Params } from './param-value.js';
import type { RunStatus } from './run-status.js';
import type { Step } from './step.js';

/** How a run was taken up again. */
export interface ResumeMark {
  /** When; ISO 8601, UTC. */
  readonly at: string;
  /** The status it had. */
  readonly from: string;
  /** The greatest step that it had; null for a run without steps. */
  readonly step: Step | null;
  /** Milliseconds that the sessions before it lasted, summed; absent in a mark of 0.1.0. */
  readonly lastedMs?: number;
  /** From which step on its rows were taken out; absent where they all stayed. */
  readonly fromStep?: Step;
}

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
  /** Rows that `metrics.parquet` would hold if it were published now. */
  readonly rows: number;
  /** Calls taken: several may be one row. Rows that were taken out later are among them. */
  readonly accepted: number;
  /** Rows of earlier sessions that resuming with `fromStep` has taken out. */
  readonly rewound: number;
  /** Calls that were not taken because the buffer was full. */
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
  /** Milliseconds that its sessions lasted, summed, by the monotonic clock. */
  readonly durationMs: number;
  readonly heartbeatAt: string;
  readonly counts: RunCounts;
  /** The greatest step of the rows that are there; null when none has a step. */
  readonly lastStep: Step | null;
  readonly losses: readonly Loss[];
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  readonly error?: RunError;
  readonly exitCode?: number;
  readonly degraded?: Degradation;
}

/** How a run ended; what `close()` resolves to. */
export interface RunSummary extends RunCounts {
  readonly status: RunStatus;
  readonly runDir: string;
  /** Milliseconds that its sessions lasted, summed, by the monotonic clock. */
  readonly durationMs: number;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
}

/** How an open run is doing. */
export interface Health {
  /** Calls taken; one may join the row of an earlier one. */
  readonly accepted: number;
  /** Those of them that are in the write-ahead log. */
  readonly flushed: number;
  /** Those of them that are in `metrics.parquet`. */
  readonly published: number;
  readonly dropped: number;
  readonly invalid: number;
  /** How often `metrics.parquet` was replaced, and how long that took the writer in all, in milliseconds. */
  readonly publishes: { readonly count: number; readonly totalMs: number };
  /** Why rows are not where they should be; null while all is well. */
  readonly degraded: Degradation | null;
}

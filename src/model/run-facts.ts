import type { MetricSummary } from './metric.js';
import type { Params } from './param-value.js';
import type { RunStatus } from './run-status.js';
import type { Step } from './step.js';

/** What a run is without its rows: what it is listed, filtered and compared by. */
export interface RunFacts {
  readonly experiment: string;
  readonly run: string;
  readonly runDir: string;
  /** 32 hex digits; the same wherever the folder is moved. */
  readonly uuid: string;
  /** RUNNING only while its owner lives, or may live; a run whose owner died reads as it was ended, or CRASHED. */
  readonly status: RunStatus;
  /** Present where the run is RUNNING by its run.yaml alone: its owner is on another host, and whether it lives cannot be judged from here. */
  readonly owner?: 'unsure';
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** ISO 8601, UTC; absent while the run is open, and for one that was cut off. */
  readonly endedAt?: string;
  /** Milliseconds that its sessions lasted, summed; of one that was cut off, up to its last sign of life. */
  readonly durationMs: number;
  /** Rows that `metrics.parquet` holds, or would if it were published now. */
  readonly rows: number;
  /** Calls that were taken; several may be one row. */
  readonly accepted: number;
  /** Rows that resuming with `fromStep` has taken out. */
  readonly rewound: number;
  /** The greatest step of the rows that are there; null when none has one. */
  readonly lastStep: Step | null;
  readonly dropped: number;
  readonly invalid: number;
  /** Calls that are known to be gone: in damaged or deleted parts of the write-ahead log. */
  readonly lost: number;
  readonly tags: readonly string[];
  readonly notes: string;
  readonly group: string | null;
  /** Which process of a distributed group it is; absent for a run that is none. */
  readonly rank?: number;
  readonly params: Params;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  /** How many metrics are not among them, of a closed run whose `metrics.parquet` cannot be read; absent where all are. */
  readonly summariesLeftOut?: number;
  /** Name, bytes and SHA-256 of what was saved. */
  readonly artifacts: Params;
  readonly error?: unknown;
  readonly exitCode?: number;
  readonly degraded?: unknown;
}

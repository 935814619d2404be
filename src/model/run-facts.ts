import type { MetricSummary } from './metric.js';
import type { Params } from './param-value.js';
import type { RunStatus } from './run-status.js';

/** What a run is without its rows: what it is listed, filtered and compared by. */
export interface RunFacts {
  readonly experiment: string;
  readonly run: string;
  readonly runDir: string;
  /** 32 hex digits; the same wherever the folder is moved. */
  readonly uuid: string;
  /** RUNNING only while its owner lives; a run whose owner died reads as it was ended, or CRASHED. */
  readonly status: RunStatus;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** ISO 8601, UTC; absent while the run is open, and for one that was cut off. */
  readonly endedAt?: string;
  /** Milliseconds between open and end, or the last time the run said that it lives. */
  readonly durationMs: number;
  /** Rows logged, published or not. */
  readonly rows: number;
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
  /** Name, bytes and SHA-256 of what was saved. */
  readonly artifacts: Params;
  readonly error?: unknown;
  readonly exitCode?: number;
  readonly degraded?: unknown;
}

import type { ExpmanError } from './errors.js';
import type { MetricValue } from './metric.js';
import type { Degradation, RunSummary } from './run-file.js';
import type { RunStatus } from './run-status.js';
import type { Step } from './step.js';

/** One metric of a run, as seen live. */
export interface LiveMetric {
  readonly last: MetricValue;
  /** Values seen since the tap was opened. */
  readonly count: number;
  /** Smallest number seen, a boolean being 0 or 1, NaN ignored; NaN until there is one. */
  readonly min: number;
  /** Largest number seen. */
  readonly max: number;
  /** Mean of the numbers seen. */
  readonly mean: number;
}

/** A run at one moment, as a live tap sees it; all counts start at the subscription. */
export interface LiveSnapshot {
  /** The step of the last row that had one, a bigint only beyond 2^53; null before. */
  readonly step: Step | null;
  /** The first step seen, from which progress is counted; null before. */
  readonly firstStep: Step | null;
  /** The greatest step seen: rows may come in any order, as those of an evaluation; null before. */
  readonly lastStep: Step | null;
  /** Rows seen. */
  readonly rows: number;
  /** Rows per second since the previous snapshot. */
  readonly rowsPerSecond: number;
  /** Milliseconds since the subscription. */
  readonly elapsedMs: number;
  /** The latest value of each metric. */
  readonly values: Readonly<Record<string, MetricValue>>;
  readonly metrics: ReadonlyMap<string, LiveMetric>;
}

/**
 * The state of an open run: `running`, or running while its rows cannot be written (`degraded`),
 * then `closing`, and at last `closed`, or `unwritten` if some of it could not be written.
 */
export type LiveStatus =
  | { readonly kind: 'running' }
  | { readonly kind: 'degraded'; readonly why: Degradation }
  | { readonly kind: 'closing'; readonly status: RunStatus }
  | { readonly kind: 'closed'; readonly summary: RunSummary }
  | { readonly kind: 'unwritten'; readonly error: ExpmanError };

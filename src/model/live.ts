import type { MetricValue } from './metric.js';

/** One metric of a run, as seen live. */
export interface LiveMetric {
  readonly last: MetricValue;
  /** Values seen since the tap was opened. */
  readonly count: number;
  /** Smallest number seen, NaN left out; NaN while there is none. */
  readonly min: number;
  /** Largest number seen. */
  readonly max: number;
  /** Mean of the numbers seen. */
  readonly mean: number;
}

/** A run at one moment, as a live tap sees it; everything counts from the subscription on. */
export interface LiveSnapshot {
  /** The last row's step, or the last one that had any; null before. */
  readonly step: number | null;
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

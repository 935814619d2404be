import type { Step } from './step.js';

/** A value a metric can take: DOUBLE, INT64, BOOLEAN or UTF8 on disk. */
export type MetricValue = number | bigint | boolean | string;

/**
 * The values of a row as a type of one's own may say them, an `interface` as well: `V extends MetricsOf<V>` holds when every member of `V` is
 * a {@link MetricValue}.
 */
export type MetricsOf<V> = { readonly [K in keyof V]: MetricValue };

/**
 * The metrics of a run of which nothing is said: of any name, and of any {@link MetricValue}. `any`, so that a run whose metrics are said is one
 * like the others to what takes a run.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as said
export type AnyMetrics = any;

/** What a call may log into a run with the metrics `M`: names that it has, each with values of its type. */
export type ValuesFor<V, M> = {
  readonly [K in keyof V]: K extends keyof M ? M[K] : K extends string ? never : MetricValue;
};

/** What one `logMetrics` call said. */
export interface MetricRow {
  /** The caller's counter, any integer of 64 bits, beyond 2^53 as a bigint; absent or null for a row without one. */
  readonly step?: Step | null | undefined;
  /** Milliseconds since the epoch (as `Date.now()` gives them, fractions allowed); now, when absent. */
  readonly timestamp?: number | undefined;
  /** One value for each metric of the row. */
  readonly values: Readonly<Record<string, MetricValue>>;
}

/** Takes rows whose values are of any type that has a {@link MetricValue} for each member. */
export interface RowObserver {
  next<V extends MetricsOf<V>>(row: Omit<MetricRow, 'values'> & { readonly values: V }): void;
}

/** One number of one metric. */
export interface MetricPoint {
  /** The row's step, a bigint only beyond 2^53; null for a row without one. */
  readonly step: Step | null;
  /** The number; of a bigint the nearest double, of a boolean 1 or 0. */
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/**
 * What is known of one metric over all its rows so far.
 *
 * A value counts as what it was logged as, whatever else the metric held: numbers as numbers, booleans as 0 and 1, and what is left are texts.
 */
export interface MetricSummary {
  /** The last number or boolean, as it was logged; of a metric of texts alone, the last text. */
  readonly last: MetricValue;
  /** How many values were logged: numbers, booleans, NaN and texts. */
  readonly count: number;
  /** The smallest number, NaN left out; absent for a metric that never was a number or boolean. */
  readonly min?: number | bigint;
  /** The largest number, NaN left out. */
  readonly max?: number | bigint;
  /** The arithmetic mean of the numbers, NaN left out. */
  readonly mean?: number;
  /** The step of the smallest number, if its row had one; of several, the first. */
  readonly minStep?: number | bigint;
  /** The step of the largest number, if its row had one; of several, the first. */
  readonly maxStep?: number | bigint;
  /** How many values were NaN, when any was. */
  readonly nan?: number;
  /** How many values were texts, when any was. */
  readonly texts?: number;
}

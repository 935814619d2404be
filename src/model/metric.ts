import type { Step } from './step.js';

/** A value a metric can take: DOUBLE, INT64, BOOLEAN or UTF8 on disk. */
export type MetricValue = number | bigint | boolean | string;

/** Tells if a value is one that a metric can take. */
export const isMetricValue = (value: unknown): value is MetricValue =>
  ['number', 'bigint', 'boolean', 'string'].includes(typeof value);

/**
 * The values of a row by a custom type, which may be an `interface`: `V extends MetricsOf<V>` holds
 * when every member of `V` is a {@link MetricValue}.
 */
export type MetricsOf<V> = { readonly [K in keyof V]: MetricValue };

/**
 * The metrics of an untyped run: any name, and any {@link MetricValue}. `any`, so that a function
 * that accepts a run accepts one with typed metrics too.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
export type AnyMetrics = any;

/**
 * The values a call may log to a run with the metrics `M`: its names, each with values of its type.
 */
export type ValuesFor<V, M> = {
  readonly [K in keyof V]: K extends keyof M ? M[K] : K extends string ? never : MetricValue;
};

/** The content of one `logMetrics` call. */
export interface MetricRow {
  /**
   * The caller's counter, any 64-bit integer, beyond 2^53 as a bigint; absent or null for a row
   * without one.
   */
  readonly step?: Step | null | undefined;
  /**
   * Milliseconds since the epoch (as `Date.now()` gives them, fractions allowed); now, when absent.
   */
  readonly timestamp?: number | undefined;
  /** One value for each metric of the row. */
  readonly values: Readonly<Record<string, MetricValue>>;
}

/** Accepts rows whose values are of any type with a {@link MetricValue} for each member. */
export interface RowObserver {
  next<V extends MetricsOf<V>>(row: Omit<MetricRow, 'values'> & { readonly values: V }): void;
}

/** One number of one metric. */
export interface MetricPoint {
  /** The row's step, a bigint only beyond 2^53; null for a row without one. */
  readonly step: Step | null;
  /** The number; for a bigint the nearest double, for a boolean 1 or 0. */
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/**
 * The summary of one metric over all its rows so far.
 *
 * A value counts as the type it was logged with, whatever else the metric holds: numbers as
 * numbers, booleans as 0 and 1, the rest as texts.
 */
export interface MetricSummary {
  /** The last number or boolean, as it was logged; for a metric with only texts, the last text. */
  readonly last: MetricValue;
  /** The number of logged values: numbers, booleans, NaN and texts. */
  readonly count: number;
  /** The smallest number, NaN ignored; absent for a metric that never was a number or boolean. */
  readonly min?: number | bigint;
  /** The largest number, NaN ignored. */
  readonly max?: number | bigint;
  /** The arithmetic mean of the numbers, NaN ignored. */
  readonly mean?: number;
  /** The step of the smallest number, if its row had one; of several, the first. */
  readonly stepOfMin?: Step;
  /** The step of the largest number, if its row had one; of several, the first. */
  readonly stepOfMax?: Step;
  /** The older name of {@link stepOfMin}, used in files. */
  readonly minStep?: Step;
  /** The older name of {@link stepOfMax}, used in files. */
  readonly maxStep?: Step;
  /** The number of NaN values; absent for none. */
  readonly nan?: number;
  /** The number of texts; absent for none. */
  readonly texts?: number;
}

/** The steps of the smallest and the largest number, under both names; absent if unknown. */
export const extremeSteps = (
  min: Step | undefined,
  max: Step | undefined,
): Pick<MetricSummary, 'stepOfMin' | 'stepOfMax' | 'minStep' | 'maxStep'> => ({
  ...(min !== undefined && { stepOfMin: min, minStep: min }),
  ...(max !== undefined && { stepOfMax: max, maxStep: max }),
});

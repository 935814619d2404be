import type { AnyMetrics, MetricValue } from './metric.js';
import { ruleOf } from './option-rules.js';
import type { Step } from './step.js';

/** The values of the metrics `N`, in order; of any {@link MetricValue} in an untyped run. */
export type RecordedValues<N extends readonly string[], M> = {
  readonly [K in keyof N]: 0 extends 1 & M
    ? MetricValue
    : N[K] extends keyof M
      ? Exclude<M[N[K]], undefined>
      : never;
};

/**
 * Logs rows of metrics that were named once. Everything else is as with `logMetrics`: a value that is
 * not a {@link MetricValue}, or is missing, is left out, counted and reported in run.log, and so are
 * values beyond the names; the rest of the row is kept. After close a call does nothing.
 *
 * @typeParam N - the names of the metrics
 * @typeParam M - the metrics of the run
 */
export interface Recorder<N extends readonly string[] = readonly string[], M = AnyMetrics> {
  /**
   * Logs one row; returns as soon as it is in shared memory.
   *
   * @param step - an integer, beyond 2^53 as a bigint; null for a row without one
   * @param values - one for each name, in their order
   * @throws {@link ExpmanError} `INVALID_VALUE` with `onInvalid: 'throw'`, `BACKPRESSURE` with
   * `backpressure: 'throw'`
   */
  (step: Step | null | undefined, ...values: RecordedValues<N, M>): void;
  /** Logs one row of numbers, one for each name; they are copied before the call returns. */
  (step: Step | null | undefined, values: Float64Array): void;
}

const NAMES = ruleOf(
  'one or more names of metrics, different from each other, none of them empty',
  (names): names is readonly string[] =>
    Array.isArray(names) &&
    names.length > 0 &&
    names.every((name) => typeof name === 'string' && name !== '') &&
    new Set(names).size === names.length,
);

/** Checks the names of a recorder. @throws ExpmanError `INVALID_OPTION` */
export const checkedNames = (names: readonly string[]): readonly string[] => NAMES.check('names', names);

import { type OperatorFunction, filter, map, scan } from 'rxjs';
import { type Mode, type Numeric, gain, numberOf } from './numeric.js';
import { integer, oneOf, positive } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';

/** Options of {@link divergence}. */
export interface DivergenceOptions {
  /**
   * The number of standard deviations worse than the mean from which a number is an outlier; above
   * 0, default 6.
   */
  readonly sigmas?: number | undefined;
  /**
   * The number of finite numbers before the first can be an outlier; 2 to 1,000,000,000, default
   * 20.
   */
  readonly warmup?: number | undefined;
  /**
   * `'min'` (default) if smaller is better, `'max'` if larger is; a better number is never an
   * outlier.
   */
  readonly mode?: Mode | undefined;
}

const OPTIONS = optionsTable<DivergenceOptions>()({
  sigmas: positive().byDefault(6),
  warmup: integer(2, 1_000_000_000).byDefault(20),
  mode: oneOf('min', 'max').byDefault('min'),
});

/** A sign that a metric diverges. */
export type Divergence<T> =
  | { readonly kind: 'nan'; readonly item: T }
  | { readonly kind: 'infinite'; readonly item: T; readonly value: number }
  | {
      readonly kind: 'outlier';
      readonly item: T;
      readonly value: number;
      /** The mean of the numbers before, without NaN, infinities and outliers. */
      readonly mean: number;
      /** Their standard deviation, with `n - 1`. */
      readonly deviation: number;
      /**
       * The number of deviations by which the value is worse than the mean; Infinity if all before
       * were equal.
       */
      readonly sigmas: number;
    };

/**
 * Emits for each value that is NaN, infinite, or more than `sigmas` standard deviations worse than
 * the mean so far.
 *
 * Mean and deviation are Welford's, over all numbers since the subscription that were not emitted:
 * an outlier does not widen the deviation by which the next one is measured, so a run that stays
 * diverged emits with every value. On the other hand, a permanent change of level is emitted for
 * ever, so take one (`take(1)`) or subscribe again. After numbers that were all equal, any worse
 * one is an outlier. While a metric still falls steeply its deviation is wide: use a later part
 * (`skip`) or differences to see small bursts.
 *
 * Does not complete by itself; completes and errors with its source. Holds three numbers.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * of(1, 2, NaN).pipe(divergence()).subscribe(console.log); // { kind: 'nan', item: NaN }
 */
export function divergence<T extends Numeric>(
  options: DivergenceOptions = {},
): OperatorFunction<T, Divergence<T>> {
  const { sigmas, warmup, mode } = OPTIONS.resolve(options);
  const judge = (item: T, before: Moments): Divergence<T> | null => {
    const value = numberOf(item);
    if (Number.isNaN(value)) return { kind: 'nan', item };
    if (!Number.isFinite(value)) return { kind: 'infinite', item, value };
    if (before.count < warmup) return null;
    const { mean } = before;
    const deviation = Math.sqrt(before.squares / (before.count - 1));
    const worse = -gain(value, mean, mode);
    if (!(worse > sigmas * deviation)) return null;
    return { kind: 'outlier', item, value, mean, deviation, sigmas: worse / deviation };
  };
  return (source) =>
    source.pipe(
      scan<T, Judgement<T>, Judgement<T>>(
        ({ moments }, item) => {
          const found = judge(item, moments);
          return { found, moments: found === null ? extended(moments, numberOf(item)) : moments };
        },
        { found: null, moments: { count: 0, mean: 0, squares: 0 } },
      ),
      map(({ found }) => found),
      filter((found) => found !== null),
    );
}

interface Judgement<T> {
  readonly found: Divergence<T> | null;
  readonly moments: Moments;
}

interface Moments {
  readonly count: number;
  readonly mean: number;
  /** The sum of squared differences from the mean. */
  readonly squares: number;
}

/** Adds a value by Welford (1962): exact where a sum of squares would cancel. */
function extended({ count, mean, squares }: Moments, value: number): Moments {
  const nextMean = mean + (value - mean) / (count + 1);
  return { count: count + 1, mean: nextMean, squares: squares + (value - mean) * (value - nextMean) };
}

import { type OperatorFunction, filter, map, scan } from 'rxjs';
import { type Mode, type Numeric, gain, numberOf } from './numeric.js';
import { integer, oneOf, positive } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';

/** Options of {@link divergence}. */
export interface DivergenceOptions {
  /** How many standard deviations worse than the mean is an outlier; above 0, default 6. */
  readonly sigmas?: number | undefined;
  /** How many finite numbers come before the first can be an outlier; 2 to 1,000,000,000, default 20. */
  readonly warmup?: number | undefined;
  /** Whether smaller (`'min'`, the default) or larger is better; a number that is better never is an outlier. */
  readonly mode?: Mode | undefined;
}

const OPTIONS = optionsTable<DivergenceOptions>()({
  sigmas: positive().byDefault(6),
  warmup: integer(2, 1_000_000_000).byDefault(20),
  mode: oneOf('min', 'max').byDefault('min'),
});

/** A value that says that something is off its track. */
export type Divergence<T> =
  | { readonly kind: 'nan'; readonly item: T }
  | { readonly kind: 'infinite'; readonly item: T; readonly value: number }
  | {
      readonly kind: 'outlier';
      readonly item: T;
      readonly value: number;
      /** Of the numbers before, without NaN, infinities and outliers. */
      readonly mean: number;
      /** Their standard deviation, with `n - 1`. */
      readonly deviation: number;
      /** How many deviations the value is worse than the mean; Infinity where all before were equal. */
      readonly sigmas: number;
    };

/**
 * Emits for each value that is NaN, infinite, or more than `sigmas` standard deviations worse than the mean so far.
 *
 * Mean and deviation are Welford's, of all numbers since the subscription that were not emitted: an outlier does not widen
 * the deviation that the next one is measured by, so a run that stays off its track is told with every value. The other
 * side of it: a level that changes for good is told for good, so take one (`take(1)`) or subscribe anew. After numbers that
 * were all equal any worse one is an outlier. While a metric still falls steeply its deviation is wide: look at a later part
 * (`skip`) or at differences to see small bursts.
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

/** Welford (1962): exact where a sum of squares would cancel. */
function extended({ count, mean, squares }: Moments, value: number): Moments {
  const nextMean = mean + (value - mean) / (count + 1);
  return { count: count + 1, mean: nextMean, squares: squares + (value - mean) * (value - nextMean) };
}

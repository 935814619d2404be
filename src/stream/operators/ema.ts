import { type OperatorFunction, map, scan } from 'rxjs';
import { type Numeric, type WithNumber, numberOf, withNumber } from './numeric.js';
import { positive } from '../../model/option-rules.js';

/**
 * Smooths numbers by an exponential moving average that is debiased from the first value on, as in
 * TensorBoard's charts.
 *
 * `alpha` is the share of the newest number, `1 - w` for TensorBoard's smoothing weight `w`: its
 * default of 0.6 is `ema(0.4)`. The average is `last / (1 - w^n)`, where
 * `last = w * last + (1 - w) * x` starts at 0 and `n` counts the numbers so far; it is kept as a
 * running mean, so that equal numbers stay exactly the same, and `ema(1)` changes nothing. NaN and
 * infinities pass unchanged and do not affect the average, as in TensorBoard.
 *
 * Emits once for each value; in a {@link MetricPoint} the value is replaced and the rest kept.
 * Completes and errors with its source. Holds two numbers.
 *
 * @param alpha - above 0, at most 1; the smaller, the smoother
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * of(3, 5).pipe(ema(0.5)).subscribe(console.log); // 3, 4.333333333333333
 */
export function ema<T extends Numeric>(alpha: number): OperatorFunction<T, WithNumber<T>>;
export function ema(alpha: number): OperatorFunction<Numeric, Numeric> {
  positive(1).check('alpha', alpha);
  return (source) =>
    source.pipe(
      scan<Numeric, Average>((before, item) => advance(before, item, alpha), {
        mean: 0,
        weight: 0,
        shown: 0,
      }),
      map(({ shown }) => shown),
    );
}

interface Average {
  readonly mean: number;
  /** `1 - w^n`; summed, not subtracted: for the smallest alpha, `w` is 1. */
  readonly weight: number;
  readonly shown: Numeric;
}

function advance({ mean, weight }: Average, item: Numeric, alpha: number): Average {
  const x = numberOf(item);
  if (!Number.isFinite(x)) return { mean, weight, shown: item };
  const nextWeight = weight + alpha * (1 - weight);
  const share = alpha / nextWeight;
  const next = x === mean || share === 1 ? x : (1 - share) * mean + share * x;
  return { mean: next, weight: nextWeight, shown: withNumber(item, next) };
}

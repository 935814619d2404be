import { type OperatorFunction, map } from 'rxjs';
import { type Numeric, type WithNumber, numberOf, withNumber } from './numeric.js';
import { integer } from '../../model/option-rules.js';
import { perSubscription } from './per-subscription.js';

/**
 * Averages the last `n` numbers, or all numbers so far if there are fewer.
 *
 * No number is ever subtracted, so nothing drifts over a million values and a huge one leaves no
 * trace once it is out of the window: each result is as exact as a plain sum of its window. NaN and
 * infinities affect the average by the rules of arithmetic, as long as they are among the last `n`.
 * Costs two additions per value, amortised.
 *
 * Emits once for each value; in a {@link MetricPoint} the value is replaced and the rest kept.
 * Completes and errors with its source. Holds `n` numbers for each subscription.
 *
 * @param n - the number of values, 1 to 10,000,000
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * of(1, 2, 6).pipe(movingAverage(2)).subscribe(console.log); // 1, 1.5, 4
 */
export function movingAverage<T extends Numeric>(n: number): OperatorFunction<T, WithNumber<T>>;
export function movingAverage(n: number): OperatorFunction<Numeric, Numeric> {
  integer(1, 10_000_000).check('n', n);
  return perSubscription(() => {
    const window = new AverageWindow(n);
    return map((item) => withNumber(item, window.add(numberOf(item))));
  });
}

/**
 * The last `n` numbers as the end of one block and the beginning of the next.
 *
 * Keeps the sums of the ends of the previous block, computed when it was full, and the sum so far
 * of the current block. A window is one of each.
 */
class AverageWindow {
  /**
   * Up to `filled` the numbers of this block, then the sums from each place of the previous block
   * to its end.
   */
  private readonly cells: Float64Array;
  private filled = 0;
  private sum = 0;
  private hasBlockBefore = false;

  constructor(private readonly n: number) {
    this.cells = new Float64Array(n);
  }

  add(value: number): number {
    if (this.filled === this.n) this.turn();
    this.cells[this.filled++] = value;
    this.sum += value;
    if (!this.hasBlockBefore) return this.sum / this.filled;
    return (this.sum + (this.cells[this.filled] ?? 0)) / this.n;
  }

  private turn(): void {
    const { cells } = this;
    for (let at = this.n - 2; at > 0; at--) cells[at] = cells[at]! + cells[at + 1]!;
    this.filled = 0;
    this.sum = 0;
    this.hasBlockBefore = true;
  }
}

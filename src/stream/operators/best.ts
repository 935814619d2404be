import { type MonoTypeOperatorFunction, distinctUntilChanged, filter, scan } from 'rxjs';
import { type Mode, type Numeric, gain, numberOf } from './numeric.js';
import { oneOf } from '../../model/option-rules.js';

/**
 * Emits each new best: the first number, then every one that is better than all before it.
 *
 * An equal number is not a new best, and NaN never is one; an infinity is a number like any other.
 * Completes and errors with its source, without a value if the source had no number. Holds the best
 * so far.
 *
 * @param mode - `'min'` if smaller is better, `'max'` if larger is
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * of(3, 4, 2).pipe(best('min')).subscribe(console.log); // 3, 2
 */
export function best<T extends Numeric>(mode: Mode): MonoTypeOperatorFunction<T> {
  oneOf('min', 'max').check('mode', mode);
  return (source) =>
    source.pipe(
      filter((item) => !Number.isNaN(numberOf(item))),
      scan((held, item) => (gain(numberOf(item), numberOf(held), mode) > 0 ? item : held)),
      distinctUntilChanged(),
    );
}

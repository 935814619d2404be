import { type OperatorFunction, filter, scan, take } from 'rxjs';
import { type Mode, type Numeric, gain, numberOf } from './numeric.js';
import { amount, integer, oneOf } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';

/** Options of {@link plateau}. */
export interface PlateauOptions {
  /** How many values in a row may bring no improvement before that is a plateau; 1 to 1,000,000,000. */
  readonly patience: number;
  /** An improvement is one by more than this; from 0 up, default 0. */
  readonly minDelta?: number | undefined;
  /** Whether smaller (`'min'`, the default) or larger is better. */
  readonly mode?: Mode | undefined;
}

const OPTIONS = optionsTable<PlateauOptions>()({
  patience: integer(1, 1_000_000_000).required(),
  minDelta: amount().byDefault(0),
  mode: oneOf('min', 'max').byDefault('min'),
});

/** That nothing gets better any more. */
export interface Plateau<T> {
  /** What improved last; null when nothing ever did. */
  readonly best: T | null;
  /** What patience ended with. */
  readonly last: T;
  /** How many values, `last` among them, brought no improvement. */
  readonly waited: number;
}

/**
 * Emits once when `patience` values in a row brought no improvement by more than `minDelta`, then completes: early stopping.
 *
 * Compared is with the value that improved last, as Keras does it, so that many small steps add up to one improvement. The
 * first value is one, and NaN, or the worst of the infinities, never is: a run of nothing but NaN is a plateau, too.
 *
 * When the source completes earlier, completes without a value, which `takeUntil` takes for no signal; an error is passed on.
 * Unsubscribes from the source when it emits. Holds the best and the last value.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * rows$.pipe(takeUntil(run.metric('loss').pipe(plateau({ patience: 5 })))).subscribe(run.metrics);
 */
export function plateau<T extends Numeric>(options: PlateauOptions): OperatorFunction<T, Plateau<T>> {
  const { patience, minDelta, mode } = OPTIONS.resolve(options);
  const worst = mode === 'min' ? Infinity : -Infinity;
  return (source) =>
    source.pipe(
      scan<T, Plateau<T>, { readonly best: null; readonly waited: number }>(
        ({ best, waited }, last) =>
          gain(numberOf(last), best === null ? worst : numberOf(best), mode) > minDelta
            ? { best: last, last, waited: 0 }
            : { best, last, waited: waited + 1 },
        { best: null, waited: 0 },
      ),
      filter(({ waited }) => waited === patience),
      take(1),
    );
}

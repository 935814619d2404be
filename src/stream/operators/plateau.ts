import { type OperatorFunction, filter, scan, take } from 'rxjs';
import { type Mode, type Numeric, gain, numberOf } from './numeric.js';
import { amount, integer, oneOf } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';

/** Options of {@link plateau}. */
export interface PlateauOptions {
  /**
   * The number of consecutive values without an improvement that make a plateau; 1 to
   * 1,000,000,000.
   */
  readonly patience: number;
  /** The amount that an improvement must exceed; at least 0, default 0. */
  readonly minDelta?: number | undefined;
  /** `'min'` (default) if smaller is better, `'max'` if larger is. */
  readonly mode?: Mode | undefined;
}

const OPTIONS = optionsTable<PlateauOptions>()({
  patience: integer(1, 1_000_000_000).required(),
  minDelta: amount().byDefault(0),
  mode: oneOf('min', 'max').byDefault('min'),
});

/** The state of a metric that no longer improves. */
export interface Plateau<T> {
  /** The last improvement; null if there never was one. */
  readonly best: T | null;
  /** The value with which patience ended. */
  readonly last: T;
  /** The number of values, including `last`, without an improvement. */
  readonly waited: number;
}

/**
 * Emits once after `patience` consecutive values without an improvement by more than `minDelta`,
 * then completes: early stopping.
 *
 * Values are compared with the last improvement, as in Keras, so that many small steps add up to
 * one improvement. The first value is an improvement, and NaN, or the worst of the infinities,
 * never is: a run of nothing but NaN is a plateau, too.
 *
 * If the source completes earlier, completes without a value, which `takeUntil` ignores; an error
 * is passed on. Unsubscribes from the source when it emits. Holds the best and the last value.
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

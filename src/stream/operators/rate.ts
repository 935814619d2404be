import {
  type OperatorFunction,
  type TimestampProvider,
  asyncScheduler,
  filter,
  map,
  scan,
  timestamp,
} from 'rxjs';
import { optionsTable } from '../../model/options-table.js';
import { clock } from './clock.js';

/** Options of {@link rate}. */
export interface RateOptions {
  /**
   * The clock to read, in milliseconds; default `asyncScheduler`. `performance` has a finer
   * resolution.
   */
  readonly scheduler?: TimestampProvider | undefined;
}

const OPTIONS = optionsTable<RateOptions>()({ scheduler: clock().byDefault(asyncScheduler) });

/**
 * Emits the number of values per second, from the time between each value and the one before.
 *
 * The first value emits nothing. Values within one tick of the clock count together and are emitted
 * with the first after it, so a rate is never infinite: values in one burst at the very end are not
 * emitted. A clock that is set back restarts the rate.
 *
 * Completes and errors with its source. Holds two numbers.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * interval(100).pipe(rate(), ema(0.1)).subscribe(console.log); // about 10
 */
export function rate(options: RateOptions = {}): OperatorFunction<unknown, number> {
  const { scheduler } = OPTIONS.resolve(options);
  return (source) =>
    source.pipe(
      timestamp(scheduler),
      scan<{ readonly timestamp: number }, Pace, Pace>(
        (pace, { timestamp: now }) => advance(pace, now),
        START,
      ),
      map(({ perSecond }) => perSecond),
      filter((perSecond) => perSecond !== null),
    );
}

interface Pace {
  /** The time of the last tick with a value. */
  readonly since: number;
  /** The number of values since, without the first one. */
  readonly count: number;
  readonly perSecond: number | null;
}

const START: Pace = { since: Infinity, count: 0, perSecond: null };

function advance({ since, count }: Pace, now: number): Pace {
  if (now < since) return { since: now, count: 0, perSecond: null };
  if (now === since) return { since, count: count + 1, perSecond: null };
  return { since: now, count: 0, perSecond: ((count + 1) * 1000) / (now - since) };
}

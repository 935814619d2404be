import {
  type OperatorFunction,
  type TimestampProvider,
  asyncScheduler,
  filter,
  map,
  scan,
  timestamp,
} from 'rxjs';
import { positive } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { clock } from './clock.js';
import type { Step } from '../../model/step.js';

/**
 * The progress of some work: a count, or an object with a step, such as a {@link MetricPoint} or a
 * `LiveSnapshot`.
 */
export type Progress = number | { readonly step: Step | null };

/** Options of {@link eta}. */
export interface EtaOptions {
  /** The milliseconds after which progress counts half as much in the rate; default 10,000. */
  readonly halfLifeMs?: number | undefined;
  /** The clock to read, in milliseconds since the epoch; default `asyncScheduler`. */
  readonly scheduler?: TimestampProvider | undefined;
}

const OPTIONS = optionsTable<EtaOptions>()({
  halfLifeMs: positive().byDefault(10_000),
  scheduler: clock().byDefault(asyncScheduler),
});

/** The progress of some work, and an estimate of its end. */
export type Eta = Reached & (Estimate | NoEstimate);

/** The progress of some work. */
export interface Reached {
  readonly done: number;
  readonly total: number;
  /** `done / total`, kept within 0 and 1. */
  readonly fraction: number;
}

/** An estimate of the end, by the rate so far. */
export interface Estimate {
  /** The milliseconds left; 0 once `total` is reached. */
  readonly remainingMs: number;
  /** The estimated time of the end, in milliseconds since the epoch. */
  readonly at: number;
}

/** The end is not known yet: there was only one value, or no progress. */
export interface NoEstimate {
  readonly remainingMs: null;
  readonly at: null;
}

/**
 * Estimates the remaining time from the progress towards `total`.
 *
 * The rate is all progress divided by all the time it took, where both count half as much after
 * each `halfLifeMs`: it follows a change of speed, and does not depend on the frequency of values.
 * Unknown before two values at different times, and while there is no progress; reaching `total`
 * gives 0, even with the first value. Progress that goes back restarts the rate. NaN, infinities
 * and points without a step are ignored.
 *
 * `done` is used as given: steps counted from 0 end at `total - 1`.
 *
 * Emits once for each value; completes and errors with its source. Holds four numbers.
 *
 * @param total - above 0, in the unit of the progress
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * run.live().pipe(eta(10_000)).subscribe(({ fraction, remainingMs }) => console.log(fraction, remainingMs));
 */
export function eta(total: number, options: EtaOptions = {}): OperatorFunction<Progress, Eta> {
  positive().check('total', total);
  const { halfLifeMs, scheduler } = OPTIONS.resolve(options);
  return (source) =>
    source.pipe(
      map((progress) => (typeof progress === 'number' ? progress : Number(progress.step ?? NaN))),
      filter((done) => Number.isFinite(done)),
      timestamp(scheduler),
      scan<Moment, Pace, Pace | null>((pace, moment) => advance(pace, moment, halfLifeMs), null),
      map((pace) => etaOf(pace, total)),
    );
}

interface Moment {
  readonly value: number;
  readonly timestamp: number;
}

interface Pace {
  readonly done: number;
  readonly now: number;
  /** The progress and the milliseconds it took, with older values fading. */
  readonly gained: number;
  readonly tookMs: number;
}

function advance(pace: Pace | null, { value: done, timestamp: now }: Moment, halfLifeMs: number): Pace {
  if (pace === null || done < pace.done) return { done, now, gained: 0, tookMs: 0 };
  // A clock that is set back counts as stopped.
  const ms = Math.max(now - pace.now, 0);
  const kept = 2 ** (-ms / halfLifeMs);
  return { done, now, gained: kept * pace.gained + (done - pace.done), tookMs: kept * pace.tookMs + ms };
}

function etaOf({ done, now, gained, tookMs }: Pace, total: number): Eta {
  const reached = { done, total, fraction: Math.min(Math.max(done / total, 0), 1) };
  if (done >= total) return { ...reached, remainingMs: 0, at: now };
  const remainingMs = (total - done) * (tookMs / gained);
  const isKnown = gained > 0 && tookMs > 0 && Number.isFinite(remainingMs);
  return isKnown
    ? { ...reached, remainingMs, at: now + remainingMs }
    : { ...reached, remainingMs: null, at: null };
}

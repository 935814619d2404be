import { type MonoTypeOperatorFunction, type TimestampProvider, map, pipe, scan, timestamp } from 'rxjs';
import { flag, metricName } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { clock } from './clock.js';
import { logFirst } from './log-first.js';
import { perSubscription } from './per-subscription.js';
import { type RunSink, guard, mustBeRun } from './run-sink.js';

/** Options of {@link logLatency}. */
export interface LogLatencyOptions {
  /**
   * Measures the first value's latency from the subscription; default false: the first value has
   * none.
   */
  readonly fromSubscription?: boolean | undefined;
  /** The clock to read, in milliseconds; default `performance`, which never goes back. */
  readonly scheduler?: TimestampProvider | undefined;
}

const OPTIONS = optionsTable<LogLatencyOptions>()({
  fromSubscription: flag().byDefault(false),
  scheduler: clock().byDefault(performance),
});

/**
 * Logs the milliseconds between each value and the one before as a metric, and passes the values
 * on.
 *
 * The first value has no latency, unless `fromSubscription` is set. The time taken by a downstream
 * subscriber is part of the latency of the next value. A run that is closed, or throws on a row it
 * refuses, does not disturb the source.
 *
 * Completes and errors with its source, without logging that. Holds one value.
 *
 * @param name - the metric's name
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * batches$.pipe(logLatency(run, 'batch_ms')).subscribe(train);
 */
export function logLatency<T>(
  run: RunSink,
  name: string,
  options: LogLatencyOptions = {},
): MonoTypeOperatorFunction<T> {
  mustBeRun(run);
  metricName().check('name', name);
  const { fromSubscription, scheduler } = OPTIONS.resolve(options);
  return perSubscription(() => {
    const guarded = guard(run);
    const start: Start = { at: fromSubscription ? scheduler.now() : null };
    return pipe(
      timestamp<T>(scheduler),
      scan<{ readonly value: T; readonly timestamp: number }, Arrival<T>, Start>(
        (before, { value, timestamp: at }) => ({
          value,
          at,
          ms: before.at === null ? null : at - before.at,
        }),
        start,
      ),
      logFirst({
        next: ({ ms }) => {
          if (ms !== null) guarded(() => run.metrics.next({ values: { [name]: ms } }));
        },
      }),
      map(({ value }) => value),
    );
  });
}

interface Start {
  readonly at: number | null;
}

interface Arrival<T> extends Start {
  readonly value: T;
  /** The milliseconds since the value before. */
  readonly ms: number | null;
}

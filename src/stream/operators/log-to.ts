import type { MonoTypeOperatorFunction } from 'rxjs';
import { logFirst } from './log-first.js';
import { perSubscription } from './per-subscription.js';
import {
  LOG_RULES,
  type LogRowsOptions,
  type LogValuesOptions,
  type RowLikeOf,
  type ValueLike,
  rowObserver,
} from './row-observer.js';
import { type RunSink, mustBeRun } from './run-sink.js';
import { optionsTable } from '../../model/options-table.js';

const OPTIONS = optionsTable<Partial<LogValuesOptions>>()(LOG_RULES);

/**
 * Logs each value to a run and passes it on unchanged.
 *
 * Without a `name` a value is a row: a {@link MetricRow} with its step and timestamp, or a plain
 * object with one value for each metric. With a `name` it is one value of that metric: a number,
 * boolean, string or bigint, or a {@link MetricPoint}, whose step and timestamp the row gets. The
 * run counts anything else as invalid, and reports it in run.log.
 *
 * With `complete: true` the run is closed as finished when the source completes, otherwise it stays
 * open; `run.closed` has the result of closing. An error fails the run with `complete: true`, or
 * else becomes a line of run.log; it is passed on either way. Unsubscribing does not end the run,
 * so `takeUntil` belongs before `logTo`. A row that ends the source by being logged is passed on
 * before the end. A run that is closed, or throws on a row it refuses, does not disturb the source.
 * Holds nothing.
 *
 * Never log a metric of a run to the same metric: each row would make another.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * run.metric('loss').pipe(ema(0.1), logTo(run, { name: 'loss_smooth' })).subscribe();
 */
export function logTo<T extends ValueLike>(
  run: RunSink,
  options: LogValuesOptions,
): MonoTypeOperatorFunction<T>;
export function logTo<T extends object & RowLikeOf<T>>(
  run: RunSink,
  options?: LogRowsOptions,
): MonoTypeOperatorFunction<T>;
export function logTo(
  run: RunSink,
  options: Partial<LogValuesOptions> = {},
): MonoTypeOperatorFunction<unknown> {
  mustBeRun(run);
  const resolved = OPTIONS.resolve(options);
  return perSubscription(() => logFirst(rowObserver(run, resolved)));
}

import { Observable, type Observer, type Subscription } from 'rxjs';
import { hasMethod, invalidOption, ruleOf } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import {
  LOG_RULES,
  type LogRowsOptions,
  type LogValuesOptions,
  type RowLikeOf,
  type ValueLike,
  rowObserver,
} from './row-observer.js';
import { type RunSink, mustBeRun } from './run-sink.js';

/** The part of an `EventEmitter` that {@link tee} needs. */
export interface EmitterLike {
  on(event: string | symbol, listener: (first: unknown) => void): unknown;
  off(event: string | symbol, listener: (first: unknown) => void): unknown;
}

/** Options of {@link tee} for the events of an emitter. */
export interface TeeEventOptions {
  /** The event whose first argument is logged. */
  readonly event: string | symbol;
  /** The metric as which single values are logged; without it each is a row. */
  readonly name?: string | undefined;
}

/** The options of all overloads. */
type AnyOptions = LogRowsOptions & Partial<TeeEventOptions>;

const OPTIONS = optionsTable<AnyOptions>()({
  ...LOG_RULES,
  event: ruleOf(
    'the name of an event, or a symbol',
    (value): value is string | symbol =>
      typeof value === 'symbol' || (typeof value === 'string' && value !== ''),
  ),
});

/**
 * Logs the values of an async iterable, a stream of objects or an event emitter to a run, beside
 * their own use.
 *
 * Rows and single values are distinguished as by {@link logTo}, with the same outcomes: the run
 * counts a value that is not a row as invalid, and it is passed on; with `complete: true` the run
 * is closed as finished at the end, or failed by an error.
 *
 * For an iterable or a `Readable` it returns an async iterable of the same values, to be used once
 * and instead of the source: a value is requested when the consumer requests one, so backpressure
 * holds, and it is logged before it is passed on. An error of the source is thrown to the consumer.
 * Ending early (`break`, `return`, a throw in the loop) ends the source, a `Readable` is destroyed,
 * and the run stays open. Holds no values.
 *
 * For an `EventEmitter` it returns the subscription: from the call on, the first argument of each
 * event is logged, until it is unsubscribed. There is no backpressure, `emit` never throws because
 * of it, and it does not listen to the emitter's end or its `error` event. Holds one listener.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * for await (const row of tee(trainingRows(), run)) console.log(row.loss);
 */
export function tee(source: EmitterLike, run: RunSink, options: TeeEventOptions): Subscription;
export function tee<T extends ValueLike>(
  source: AsyncIterable<T> | Iterable<T>,
  run: RunSink,
  options: LogValuesOptions,
): AsyncIterable<T>;
export function tee<T extends object & RowLikeOf<T>>(
  source: AsyncIterable<T> | Iterable<T>,
  run: RunSink,
  options?: LogRowsOptions,
): AsyncIterable<T>;
export function tee(
  source: EmitterLike | Iterables,
  run: RunSink,
  options: AnyOptions = {},
): Subscription | AsyncIterable<unknown> {
  mustBeRun(run);
  const { event, ...rest } = OPTIONS.resolve(options);
  if (event === undefined) {
    if (!isIterable(source))
      throw invalidOption('source', 'an iterable, or an event emitter together with an event', source);
    return teed(source, rowObserver(run, rest));
  }
  if (!isEmitter(source)) throw invalidOption('source', 'an event emitter if an event is given', source);
  return eventsOf(source, event).subscribe(rowObserver(run, rest));
}

async function* teed(source: Iterables, log: Observer<unknown>): AsyncGenerator<unknown, void, undefined> {
  try {
    // An early exit calls the source's `return`, which ends it.
    for await (const value of source) {
      log.next(value);
      yield value;
    }
  } catch (error) {
    log.error(error);
    throw error;
  }
  log.complete();
}

function eventsOf(source: EmitterLike, event: string | symbol): Observable<unknown> {
  return new Observable((subscriber) => {
    const listener = (first: unknown): void => subscriber.next(first);
    source.on(event, listener);
    return () => void source.off(event, listener);
  });
}

type Iterables = AsyncIterable<unknown> | Iterable<unknown>;

const isEmitter = (source: EmitterLike | Iterables): source is EmitterLike =>
  hasMethod(source, 'on') && hasMethod(source, 'off');

const isIterable = (source: EmitterLike | Iterables): source is Iterables =>
  hasMethod(source, Symbol.asyncIterator) || hasMethod(source, Symbol.iterator);

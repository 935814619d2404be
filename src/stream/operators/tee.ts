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

/** What of an `EventEmitter` {@link tee} needs. */
export interface EmitterLike {
  on(event: string | symbol, listener: (first: unknown) => void): unknown;
  off(event: string | symbol, listener: (first: unknown) => void): unknown;
}

/** How {@link tee} logs the events of an emitter. */
export interface TeeEventOptions {
  /** The event whose first argument is logged. */
  readonly event: string | symbol;
  /** The metric that single values are logged as; without it each is a row. */
  readonly name?: string | undefined;
}

/** All that any of the ways to call it takes. */
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
 * Logs what an async iterable, a stream of objects or an event emitter gives into a run, beside its own use.
 *
 * Rows and single values are told apart as {@link logTo} does, and so are the outcomes: what is no row is counted as invalid
 * by the run and passed on, and with `complete: true` the run is closed as finished at the end, or failed by an error.
 *
 * Of an iterable or a `Readable` it returns an async iterable of the same values, to be used once and instead of the source:
 * a value is asked for when the consumer asks for one, so backpressure holds, and it is logged before it is passed on. An
 * error of the source is thrown to the consumer. Ending early (`break`, `return`, a throw in the loop) ends the source, a
 * `Readable` is destroyed, and the run stays open. Holds no values.
 *
 * Of an `EventEmitter` it returns the subscription: from the call on each event is logged by its first argument, until it is
 * unsubscribed. Events come as fast as they are emitted, `emit` never throws because of it, and the emitter's end and its
 * `error` event are not listened to. Holds one listener.
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
      throw invalidOption('source', 'iterable, or an emitter with an event named', source);
    return teed(source, rowObserver(run, rest));
  }
  if (!isEmitter(source)) throw invalidOption('source', 'an event emitter, where an event is named', source);
  return eventsOf(source, event).subscribe(rowObserver(run, rest));
}

async function* teed(source: Iterables, log: Observer<unknown>): AsyncGenerator<unknown, void, undefined> {
  try {
    // Left early, it returns to the source, which ends it.
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

import { Observable, type Observer, Subscriber, type Subscription, type TeardownLogic } from 'rxjs';

/** Receives the errors of taps, and errors without a handler. */
export type TapErrors = (error: unknown) => void;

/** An operator of RxJS, applied to `source` for each subscriber of the piped stream. */
export interface TapOperator<T, R> {
  call(subscriber: Subscriber<R>, source: Observable<T>): TeardownLogic;
}

/** The arguments of `subscribe`. */
type Given<T> = Partial<Observer<T>> | ((value: T) => void) | null | undefined;

/**
 * A stream of a run: an observer of it, or of a stream piped from it, cannot harm the run.
 *
 * RxJS rethrows the error of an observer from a timer, which ends the process. Here it goes to
 * `errors`, and this tap and the others continue. An error for which an observer has a handler goes
 * there.
 */
export class TapObservable<T> extends Observable<T> {
  readonly #errors: TapErrors;

  constructor(errors: TapErrors, subscribe: (subscriber: Subscriber<T>) => TeardownLogic) {
    super(subscribe);
    this.#errors = errors;
  }

  override lift<R>(operator?: TapOperator<T, R>): Observable<R> {
    return lifted(this, operator, this.#errors);
  }

  override subscribe(observer?: Partial<Observer<T>> | ((value: T) => void)): Subscription;
  override subscribe(
    next?: ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription;
  override subscribe(
    given?: Given<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    return super.subscribe(guarded(given, error, complete, this.#errors));
  }
}

/** Applies `operator` to a stream; the result is isolated like the stream itself. */
export function lifted<T, R>(
  source: Observable<T>,
  operator: TapOperator<T, R> | undefined,
  errors: TapErrors,
): Observable<R> {
  return new TapObservable<R>(errors, (subscriber) => operator?.call(subscriber, source));
}

/**
 * Wraps an observer so that its errors go to `errors`; operators' own subscribers are returned
 * unchanged.
 */
export function guarded<T>(
  given: Given<T>,
  error: ((error: unknown) => void) | null | undefined,
  complete: (() => void) | null | undefined,
  errors: TapErrors,
): Observer<T> {
  if (given instanceof Subscriber) return given as Subscriber<T>;
  const observer: Partial<Observer<T>> =
    typeof given === 'object' && given !== null
      ? given
      : {
          ...(typeof given === 'function' && { next: given }),
          ...(typeof error === 'function' && { error }),
          ...(typeof complete === 'function' && { complete }),
        };
  // Written out, because a closure for each row costs more than the row's way through RxJS.
  return {
    next: (value) => {
      try {
        observer.next?.(value);
      } catch (thrown) {
        errors(thrown);
      }
    },
    error: (reason) => {
      try {
        if (observer.error === undefined) errors(reason);
        else observer.error(reason);
      } catch (thrown) {
        errors(thrown);
      }
    },
    complete: () => {
      try {
        observer.complete?.();
      } catch (thrown) {
        errors(thrown);
      }
    },
  };
}

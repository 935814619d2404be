import type { Observable, OperatorFunction } from 'rxjs';

/**
 * Makes a new operator for each subscription, for operators with state.
 *
 * Not `defer`, which makes a plain Observable: a stream piped from a tap of a run must stay
 * isolated like the tap, and that depends on `lift`.
 */
export function perSubscription<T, R>(make: () => OperatorFunction<T, R>): OperatorFunction<T, R> {
  return (source) =>
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- RxJS's own operators call it, and offer nothing else that does
    source.lift<R>({
      call: (subscriber, from: Observable<T>) => {
        try {
          return from.pipe(make()).subscribe(subscriber);
        } catch (error) {
          subscriber.error(error);
          return undefined;
        }
      },
    });
}

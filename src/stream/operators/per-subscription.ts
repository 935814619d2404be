import type { Observable, OperatorFunction } from 'rxjs';

/**
 * An operator that is made anew for each subscription, for one that has state.
 *
 * Not `defer`, which makes a plain Observable: what is piped from a tap of a run is to stay isolated as the tap is, and
 * that goes by `lift`.
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

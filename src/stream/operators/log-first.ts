import {
  type MonoTypeOperatorFunction,
  type ObservableNotification,
  type Observer,
  concatMap,
  dematerialize,
  materialize,
  of,
  pipe,
} from 'rxjs';

/**
 * Tells `log` of each value and of the end, and then passes it on.
 *
 * What `log` does may end the source, as an early stop does that listens to the run: the value is passed on first, and then the
 * end. So is a value that comes meanwhile.
 */
export function logFirst<T>(log: Partial<Observer<T>>): MonoTypeOperatorFunction<T> {
  return pipe(
    materialize(),
    concatMap((notification) => {
      tell(log, notification);
      return of(notification);
    }),
    dematerialize(),
  );
}

function tell<T>(log: Partial<Observer<T>>, notification: ObservableNotification<T>): void {
  switch (notification.kind) {
    case 'N':
      log.next?.(notification.value);
      return;
    case 'E':
      log.error?.(notification.error);
      return;
    case 'C':
      log.complete?.();
      return;
    default:
      notification satisfies never;
  }
}

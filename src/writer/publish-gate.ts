import { EMPTY, Observable, Subject, catchError, mergeAll, tap } from 'rxjs';

/** Lets one piece of work of all runs happen at a time, in the order they asked. */
export type Gate = <T>(work: Observable<T>) => Observable<T>;

/** A gate for publishes: two at once would only share the disk, and hold two tails encoded in memory. */
export function publishGate(): Gate {
  const works$ = new Subject<Observable<unknown>>();
  works$.pipe(mergeAll(1)).subscribe();
  return <T>(work: Observable<T>) =>
    new Observable<T>((subscriber) => {
      works$.next(
        work.pipe(
          tap(subscriber),
          catchError(() => EMPTY),
        ),
      );
    });
}

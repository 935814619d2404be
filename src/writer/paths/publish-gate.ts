import { EMPTY, Observable, Subject, asapScheduler, catchError, mergeAll, subscribeOn, tap } from 'rxjs';

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
          // Each on a stack of its own: of 1,000 runs with nothing left to publish, which waited for one that had, the 347th
          // overflowed the stack of the others, and no run after it was ever closed.
          subscribeOn(asapScheduler),
          tap(subscriber),
          catchError(() => EMPTY),
        ),
      );
    });
}

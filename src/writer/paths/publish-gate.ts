import { EMPTY, Observable, Subject, asapScheduler, catchError, mergeAll, subscribeOn, tap } from 'rxjs';

/** Runs one piece of work of all runs at a time, in the order of the requests. */
export type Gate = <T>(work: Observable<T>) => Observable<T>;

/**
 * Makes a gate for publishes: two at once would only share the disk, and hold two encoded tails in
 * memory.
 */
export function publishGate(): Gate {
  const works$ = new Subject<Observable<unknown>>();
  works$.pipe(mergeAll(1)).subscribe();
  return <T>(work: Observable<T>) =>
    new Observable<T>((subscriber) => {
      works$.next(
        work.pipe(
          // Each runs on its own stack: of 1,000 runs with nothing left to publish, which waited
          // for one that had, the 347th overflowed the stack of the others, and no run after it was
          // ever closed.
          subscribeOn(asapScheduler),
          tap(subscriber),
          catchError(() => EMPTY),
        ),
      );
    });
}

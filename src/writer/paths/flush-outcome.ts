import { EMPTY, type Observable, catchError, defer, endWith, ignoreElements, of, tap } from 'rxjs';

/** What became of an attempt to write: a value, not an exception, for it happens in the middle of a stream. */
export type FlushOutcome =
  { readonly kind: 'written' } | { readonly kind: 'failed'; readonly error: unknown };

export const WRITTEN: FlushOutcome = { kind: 'written' };

export const failed = (error: unknown): FlushOutcome => ({ kind: 'failed', error });

/** How `source$` ends, as its only value, reported before it is emitted. Never fails. */
export function outcomeOf(
  source$: Observable<unknown>,
  report: (outcome: FlushOutcome) => void,
): Observable<FlushOutcome> {
  return source$.pipe(
    ignoreElements(),
    endWith(WRITTEN),
    catchError((error: unknown) => of(failed(error))),
    tap(report),
  );
}

/** How something that may fail goes, once it is subscribed to. */
export function attempted(
  action: () => void,
  report: (outcome: FlushOutcome) => void,
): Observable<FlushOutcome> {
  const done$ = defer(() => {
    action();
    return EMPTY;
  });
  return outcomeOf(done$, report);
}

import { EMPTY, type Observable, catchError, defer, endWith, ignoreElements, of, tap } from 'rxjs';

/**
 * The outcome of an attempt to write: a value, not an exception, because it occurs in the middle of
 * a stream.
 */
export type FlushOutcome =
  { readonly kind: 'written' } | { readonly kind: 'failed'; readonly error: unknown };

export const WRITTEN: FlushOutcome = { kind: 'written' };

export const failed = (error: unknown): FlushOutcome => ({ kind: 'failed', error });

/** Emits the outcome of `source$` as its only value, after reporting it. Never fails. */
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

/** Emits the outcome of work that may fail, which starts on subscription. */
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

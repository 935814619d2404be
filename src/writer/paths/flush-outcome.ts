import { type Observable, catchError, defer, map, of } from 'rxjs';

/** What became of an attempt to write: a value, not an exception, for it happens in the middle of a stream. */
export type FlushOutcome =
  { readonly kind: 'written' } | { readonly kind: 'failed'; readonly error: unknown };

export const WRITTEN: FlushOutcome = { kind: 'written' };

export const failed = (error: unknown): FlushOutcome => ({ kind: 'failed', error });

/** Does something that may fail, and reports how it went before it emits that. */
export function attempted(
  action: () => void,
  report: (outcome: FlushOutcome) => void,
): Observable<FlushOutcome> {
  return defer(() => {
    action();
    return of(WRITTEN);
  }).pipe(
    catchError((error: unknown) => of(failed(error))),
    map((outcome) => {
      report(outcome);
      return outcome;
    }),
  );
}

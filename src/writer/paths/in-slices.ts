import { Observable } from 'rxjs';

const SLICE_MS = 3;

/**
 * Runs a generator in slices of a few milliseconds, one per turn of the event loop, and emits its
 * return value.
 *
 * In between, timers run: the WAL is drained while a large file is being published. An exception of
 * the generator becomes the error; unsubscribing stops it at its next `yield` and runs its
 * `finally` blocks.
 */
export function inSlices<R>(steps: () => Generator<void, R>): Observable<R> {
  return new Observable((subscriber) => {
    const generator = steps();
    let turn: NodeJS.Immediate | undefined;
    const slice = (): void => {
      const until = performance.now() + SLICE_MS;
      try {
        for (;;) {
          const step = generator.next();
          if (step.done === true) {
            subscriber.next(step.value);
            subscriber.complete();
            return;
          }
          if (performance.now() >= until) break;
        }
        turn = setImmediate(slice);
      } catch (error) {
        subscriber.error(error);
      }
    };
    slice();
    return () => {
      if (turn !== undefined) clearImmediate(turn);
      generator.return(undefined as R);
    };
  });
}

import {
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  type Subscription,
  asyncScheduler,
} from 'rxjs';

/** Options of {@link ration}. */
export interface RationOptions<R> {
  /** Returns the rest after work that took `durationMs`, in milliseconds. */
  readonly restMs: (durationMs: number, result: R) => number;
  readonly scheduler?: SchedulerLike;
}

/**
 * Runs `work` when the source signals that there is something to do, one at a time and with a rest
 * after each.
 *
 * The first value starts work at once. Values during work or rest make one request, granted when
 * the rest is over. When the source completes, work in progress is awaited, a rest is not, and a
 * pending request is dropped: the caller that completes it does the last work itself. An error of
 * the source or of `work` is passed on. Holds no values.
 */
export function ration<T, R>(
  work: () => Observable<R>,
  { restMs, scheduler = asyncScheduler }: RationOptions<R>,
): OperatorFunction<T, R> {
  return (source) =>
    new Observable<R>((subscriber) => {
      let state: 'idle' | 'working' | 'resting' = 'idle';
      let wanted = false;
      let completed = false;
      const start = (): void => {
        state = 'working';
        wanted = false;
        const startedAt = scheduler.now();
        let last: R | undefined;
        subscriber.add(
          work().subscribe({
            next: (result) => {
              last = result;
              subscriber.next(result);
            },
            error: (error: unknown) => subscriber.error(error),
            complete: () => {
              if (completed) subscriber.complete();
              else pause(last === undefined ? 0 : restMs(scheduler.now() - startedAt, last));
            },
          }),
        );
      };
      const pause = (ms: number): void => {
        state = 'resting';
        const rest: Subscription = scheduler.schedule(() => {
          // A finished action stays with its subscriber until it is unsubscribed: one for each
          // publish of a long run.
          rest.unsubscribe();
          state = 'idle';
          if (wanted) start();
        }, ms);
        subscriber.add(rest);
      };
      subscriber.add(
        source.subscribe({
          next: () => {
            wanted = true;
            if (state === 'idle') start();
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            completed = true;
            if (state !== 'working') subscriber.complete();
          },
        }),
      );
    });
}

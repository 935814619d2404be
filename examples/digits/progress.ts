import { SingleBar } from 'cli-progress';
import type { LiveSnapshot } from 'expman-rx';
import { Subscription, type Observable } from 'rxjs';

/** Draws a progress bar from a live tap of the run, until it completes or is unsubscribed; nothing without a terminal. */
export function drawProgress(live$: Observable<LiveSnapshot>, steps: number): Subscription {
  if (!process.stdout.isTTY) return Subscription.EMPTY;
  const bar = new SingleBar({
    format: '{bar} {percentage}% {value}/{total} loss {loss} accuracy {accuracy} {rate} rows/s',
    barsize: 16,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stopOnComplete: false,
  });
  bar.start(steps, 0, { loss: '-', accuracy: '-', rate: '-' });
  const subscription = live$.subscribe({
    next: ({ step, values, rowsPerSecond }) => {
      bar.update((step ?? -1) + 1, {
        loss: shown(values['loss']),
        accuracy: shown(values['accuracy']),
        rate: rowsPerSecond.toFixed(0),
      });
    },
    error: (error: unknown) => console.error(error),
  });
  subscription.add(() => bar.stop());
  return subscription;
}

function shown(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(3) : '-';
}

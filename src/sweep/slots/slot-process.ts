import { TrialControl } from '../executor.js';
import { attemptHere } from '../queue/attempt-here.js';
import { portable } from '../worker/portable-error.js';
import type { FromSlot, ToSlot } from './slot-messages.js';

/** The trial that runs in this process. */
let control = new TrialControl();

const send = (message: FromSlot): void => {
  // The channel is gone with the parent, and this process with it.
  if (process.connected) process.send?.(message, () => undefined);
};

function received(message: ToSlot): void {
  switch (message.kind) {
    case 'abort':
      control.abort(message.reason);
      return;
    case 'expire':
      control.expire();
      return;
    case 'run':
      control = new TrialControl();
      void run(message, control);
      return;
    default:
      message satisfies never;
  }
}

async function run(
  { experiment, attempt, rules }: ToSlot & { readonly kind: 'run' },
  control: TrialControl,
): Promise<void> {
  try {
    const runAttempt = attemptHere(new URL(experiment.module), experiment);
    const outcome = await runAttempt(attempt, rules, {
      control,
      observer: {
        started: ({ runDir }) => send({ kind: 'started', runDir }),
        reported: (point) => send({ kind: 'reported', point }),
        ending: (outcome) => send({ kind: 'ending', outcome }),
      },
    });
    send({ kind: 'ended', outcome });
  } catch (error) {
    send({ kind: 'broken', error: portable(error) });
  }
}

// The parent decides what a signal ends: on a terminal, Ctrl-C reaches this process too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('message', received);
// A parent that is gone is a sweep that is gone. What was logged is on disk or reaches it on exit.
process.on('disconnect', () => process.exit(0));

import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { withRun } from '../../engine/current-run.js';
import { driveTrial } from '../drive-trial.js';
import type { FromTrial, ToTrial, TrialThreadData } from './trial-messages.js';
import { type PortableError, portable } from './portable-error.js';
import { ThreadRun } from './thread-run.js';
import { trainOf } from './train-of.js';

/** The entry of a trial's thread. */
async function main(data: TrialThreadData): Promise<void> {
  const { module, port, number, attempt, params, slot } = data;
  const controller = new AbortController();
  const received = (message: ToTrial): void => {
    if (message.kind !== 'abort' && message.kind !== 'stop') {
      run.answered(message);
      return;
    }
    if (message.request !== null) run.stopRequested(message.request);
    if (message.kind === 'abort') controller.abort(new DOMException(message.reason, 'AbortError'));
  };
  const hear = (): void => {
    for (let left = receiveMessageOnPort(port); left !== undefined; left = receiveMessageOnPort(port))
      received(left.message as ToTrial);
  };
  const run = new ThreadRun(data, hear);
  port.on('message', received);
  let error: PortableError | null = null;
  try {
    const train = trainOf(await import(module), module);
    hear();
    const trial = { number, attempt, params, slot, run, signal: controller.signal };
    await withRun(run, () => driveTrial(train, trial));
  } catch (thrown) {
    error = portable(thrown);
  }
  run.finish();
  port.postMessage({ kind: 'ended', error } satisfies FromTrial);
}

// Not awaited at the top level: a bundler that copies this file may treat it as a script. An error
// still ends the thread.
main(workerData as TrialThreadData).catch((error: unknown) =>
  process.nextTick(() => {
    throw error;
  }),
);

import { workerData } from 'node:worker_threads';
import { withRun } from '../../engine/current-run.js';
import { invalidOption } from '../../model/option-rules.js';
import { driveTrial } from '../drive-trial.js';
import type { WorkerTrain } from '../trial.js';
import type { FromTrial, ToTrial, TrialThreadData } from './messages.js';
import { type PortableError, portable } from './portable-error.js';
import { ThreadRun } from './thread-run.js';

/** The entry of a trial's thread. */
async function main(data: TrialThreadData): Promise<void> {
  const { module, port, aborted, number, attempt, params } = data;
  const controller = new AbortController();
  const abort = (reason: string): void => {
    if (!controller.signal.aborted) controller.abort(new DOMException(reason, 'AbortError'));
  };
  const run = new ThreadRun(data, () => abort('the trial was aborted'));
  port.on('message', (message: ToTrial) => {
    if (message.kind === 'abort') abort(message.reason);
    else run.answered(message);
  });
  if (Atomics.load(new Int32Array(aborted), 0) === 1) abort('the trial was aborted');
  let error: PortableError | null = null;
  try {
    const train = trainOf(await import(module), module);
    await withRun(run, () => driveTrial(train, { number, attempt, params, run, signal: controller.signal }));
  } catch (thrown) {
    error = portable(thrown);
  }
  port.postMessage({ kind: 'ended', error } satisfies FromTrial);
}

function trainOf(exported: unknown, module: string): WorkerTrain<unknown> {
  const exports = Object(exported) as object;
  const train: unknown = Reflect.get(exports, 'default') ?? Reflect.get(exports, 'train');
  if (typeof train !== 'function')
    throw invalidOption(
      'worker',
      `a module whose default export, or \`train\`, is a function (${module})`,
      train,
    );
  return train as WorkerTrain<unknown>;
}

await main(workerData as TrialThreadData);

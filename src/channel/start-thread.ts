import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { ExpmanError, messageOf } from '../model/errors.js';

/**
 * Starts a thread; what keeps it from starting may come at once, as the error of this call, or later as its event.
 *
 * @param entry - gives the address of its module; called here, because a bundle may know none
 * @param options - as those of `Worker`; without `execArgv` the thread gets no arguments of Node, with `undefined` those of the process
 * @throws {@link ExpmanError} `IO` where the machine has no thread left or none is allowed
 */
export function startThread(entry: () => URL, options: WorkerOptions & { readonly name: string }): Worker {
  try {
    // Loaders and preloads of the caller are not for a thread that runs plain JavaScript.
    const env = { ...process.env, NODE_OPTIONS: '' };
    return new Worker(fileURLToPath(entry()), { execArgv: [], env, ...options });
  } catch (cause) {
    throw new ExpmanError('IO', `the thread ${options.name} cannot be started: ${messageOf(cause)}`, {
      cause,
    });
  }
}

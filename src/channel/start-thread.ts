import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { ExpmanError, errnoOf, messageOf } from '../model/errors.js';

const LEFT_BEHIND: ReadonlySet<unknown> = new Set([
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'ERR_INVALID_URL',
]);

/** Whether a thread failed because its file, or one that it needs, is not where the package had it. */
export const isLeftBehind = (cause: unknown): boolean => LEFT_BEHIND.has(errnoOf(cause));

/** Why a thread failed, and what to do where a bundler has left its file behind. */
export function threadFailure(cause: unknown): string {
  const advice = 'a bundle has no file for it: mark expman-rx as external to have the thread';
  return isLeftBehind(cause) ? `${messageOf(cause)}; ${advice}` : messageOf(cause);
}

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
    throw new ExpmanError('IO', `the thread ${options.name} cannot be started: ${threadFailure(cause)}`, {
      cause,
    });
  }
}

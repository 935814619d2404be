import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { ExpmanError, errnoOf, messageOf } from '../model/errors.js';

const LEFT_BEHIND: ReadonlySet<unknown> = new Set([
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'ERR_INVALID_URL',
]);

/**
 * Tells if a thread failed because its file, or one that it needs, is not where the package had it.
 */
export const isLeftBehind = (cause: unknown): boolean => LEFT_BEHIND.has(errnoOf(cause));

/** The reason why a thread failed, with advice if a bundler has left its file behind. */
export function threadFailure(cause: unknown): string {
  const advice = 'the bundle does not contain its file; mark expman-rx as external to start the thread';
  return isLeftBehind(cause) ? `${messageOf(cause)}; ${advice}` : messageOf(cause);
}

/**
 * Starts a thread; a failure to start may be thrown at once by this call, or arrive later as an
 * event.
 *
 * @param entry - returns the URL of its module; called here, because in a bundle it may throw
 * @param options - those of `Worker`; without `execArgv` the thread gets no arguments of Node, with
 * `undefined`, or under Yarn's Plug'n'Play, those of the process
 * @throws {@link ExpmanError} `IO` if the machine has no thread left or none is allowed
 */
export function startThread(entry: () => URL, options: WorkerOptions & { readonly name: string }): Worker {
  try {
    // The caller's loaders and preloads are not needed in a thread that runs plain JavaScript, except
    // those of Yarn's Plug'n'Play, without which no package is found.
    const bare = process.versions['pnp'] === undefined;
    const env = { ...process.env, ...(bare && { NODE_OPTIONS: '' }) };
    return new Worker(fileURLToPath(entry()), { ...(bare && { execArgv: [] }), env, ...options });
  } catch (cause) {
    throw new ExpmanError('IO', `the thread ${options.name} cannot be started: ${threadFailure(cause)}`, {
      cause,
    });
  }
}

import { ExpmanError, errnoOf, messageOf } from '../model/errors.js';

/**
 * Errors of the process rather than of the files it reads: no descriptors, memory or room for
 * temporary files.
 */
const OF_PROCESS: ReadonlySet<string | undefined> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
]);

/**
 * Throws an error that is not the fault of the run being read: skipping one run after another
 * because of it would give a wrong answer about all of them.
 *
 * @throws ExpmanError `IO`
 */
export function throwProcessFault(error: unknown): void {
  const errno = error instanceof ExpmanError ? error.errno : errnoOf(error);
  if (errno === undefined || !OF_PROCESS.has(errno)) return;
  throw error instanceof ExpmanError
    ? error
    : new ExpmanError('IO', messageOf(error), { errno, cause: error });
}

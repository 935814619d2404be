import { ExpmanError, errnoOf, messageOf } from '../model/errors.js';

/** What the system refuses a process, whatever it reads: descriptors, memory, room for temporary files. */
const OF_PROCESS: ReadonlySet<string | undefined> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
]);

/**
 * Throws what is no fault of the run that was being read: to leave out one run after the other for it would give a wrong answer
 * about all of them.
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

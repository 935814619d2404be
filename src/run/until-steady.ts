import { ExpmanError } from '../model/errors.js';

const ATTEMPTS = 20;

/**
 * Looks at the files of a run until they stay the same meanwhile: a writer that publishes moves rows
 * from the write-ahead log to the file, and removes segments.
 *
 * @param look - returns undefined if the file was replaced while it looked; that is accepted of the
 * last of 20 looks, whose argument is true
 * @throws what the last look throws, and at once anything but the loss of a segment
 */
export function untilSteady<T>(look: (isLast: boolean) => T | undefined): T | undefined {
  for (let attempt = 1; ; attempt++) {
    try {
      const seen = look(attempt === ATTEMPTS);
      if (seen !== undefined || attempt === ATTEMPTS) return seen;
    } catch (error) {
      // A segment was removed between the listing and its reading.
      if (attempt === ATTEMPTS || !(error instanceof ExpmanError) || error.errno !== 'ENOENT') throw error;
    }
  }
}

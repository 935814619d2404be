import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { ExpmanError, errnoOf } from '../../model/errors.js';

/**
 * Reads a file to be logged; follows links.
 *
 * @throws ExpmanError `ARTIFACT_NOT_FOUND` if it does not exist or is not a regular file,
 * `INVALID_VALUE` beyond `maxBytes`, `IO`
 */
export function readMediaSource(path: string, maxBytes: number): Buffer {
  try {
    // A FIFO must not block the open; the flag is undefined on Windows, which counts as 0.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return readOpen(file, path, maxBytes);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof ExpmanError) throw error;
    const errno = errnoOf(error);
    if (errno === 'ENOENT') throw notFound(path, 'does not exist', error);
    const facts = { path, cause: error, ...(errno !== undefined && { errno }) };
    throw new ExpmanError('IO', `${path} cannot be read: ${errno ?? String(error)}`, facts);
  }
}

function readOpen(file: number, path: string, maxBytes: number): Buffer {
  const stats = fstatSync(file);
  if (!stats.isFile()) throw notFound(path, 'is not a regular file');
  if (stats.size > maxBytes) throw tooLarge(path, stats.size, maxBytes);
  const bytes = Buffer.allocUnsafe(stats.size);
  let done = 0;
  for (let count = -1; done < bytes.length && count !== 0; done += count)
    count = readSync(file, bytes, done, bytes.length - done, done);
  return bytes.subarray(0, done);
}

/** The error for content that is too large to be logged. */
export function tooLarge(what: string, bytes: number, maxBytes: number): ExpmanError {
  const rule = `at most ${maxBytes} bytes`;
  return new ExpmanError(
    'INVALID_VALUE',
    `${what} has ${bytes} bytes, more than the limit of ${maxBytes}; use saveArtifact for files of any size`,
    { rule, value: bytes, type: 'number' },
  );
}

const notFound = (path: string, why: string, cause?: unknown): ExpmanError =>
  new ExpmanError('ARTIFACT_NOT_FOUND', `${path} ${why}`, { path, cause });

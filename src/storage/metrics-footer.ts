import { ExpmanError } from '../model/errors.js';
import type { FsPort } from './fs-port.js';
import { readAll } from './read-all.js';
import { type FileFooter, decodeFooter, footerLength } from './parquet/index.js';

const TAIL_BYTES = 64 * 1024;

/**
 * Reads the footer of a `metrics.parquet` that this package wrote.
 *
 * @throws {@link ExpmanError} `CORRUPT` if it is incomplete, damaged or from another writer; `IO`
 * if it cannot be read
 */
export function readFooter(fs: FsPort, path: string): FileFooter {
  const file = fs.open(path, 'read');
  try {
    return readFooterOf(fs, file, path);
  } finally {
    fs.close(file);
  }
}

/** Does the same for an open file. */
export function readFooterOf(fs: FsPort, file: number, path: string): FileFooter {
  const { size, kind } = fs.statOpen(file);
  if (kind !== 'file') throw new ExpmanError('IO', `${path} is not a regular file`, { path });
  if (size < 12)
    throw new ExpmanError('CORRUPT', `${path} has ${size} bytes, too few for a Parquet file`, { path });
  const readTail = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    readAll(fs, file, bytes, size - length, path);
    return bytes;
  };
  const tail = readTail(Math.min(size, TAIL_BYTES));
  const length = footerLength(tail.subarray(tail.length - 8));
  if (length > size)
    throw new ExpmanError('CORRUPT', `${path} has ${size} bytes, its footer says ${length}`, { path });
  return decodeFooter(length <= tail.length ? tail : readTail(length), size);
}

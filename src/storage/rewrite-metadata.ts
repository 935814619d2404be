import type { FsPort } from './fs-port.js';
import { readFooterOf } from './metrics-footer.js';
import { footerLength, patchMetadata } from './parquet/index.js';
import { readAll } from './read-all.js';
import { writeAll } from './write-all.js';

/** The length of the footer and `PAR1`, which end the file. */
const TRAILER = 8;

/**
 * Replaces a metadata entry of a Parquet file by one of the same length, in place: for a file that
 * nobody reads yet.
 *
 * @param before - the value that the entry must have
 * @returns false if it has another one, and then nothing is changed
 * @throws {@link ExpmanError} `CORRUPT`, `IO`; errors of the file system
 */
export function rewriteMetadata(
  fs: FsPort,
  path: string,
  key: string,
  before: string,
  value: string,
): boolean {
  const file = fs.open(path, 'update');
  try {
    if (readFooterOf(fs, file, path).metadata.get(key) !== before) return false;
    const { size } = fs.statOpen(file);
    const last = new Uint8Array(TRAILER);
    readAll(fs, file, last, size - TRAILER, path);
    const footer = new Uint8Array(footerLength(last));
    const at = size - footer.length;
    readAll(fs, file, footer, at, path);
    writeAll(fs, file, patchMetadata(footer, key, value), at);
    fs.sync(file);
    return true;
  } finally {
    fs.close(file);
  }
}

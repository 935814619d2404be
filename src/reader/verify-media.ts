import { createHash } from 'node:crypto';
import { ExpmanError } from '../model/errors.js';
import { cut } from '../model/printable.js';
import type { FsPort } from '../storage/fs-port.js';
import { readAll } from '../storage/read-all.js';
import type { LoggedMedia, ManifestLine } from './read-media.js';

const SLICE_BYTES = 1024 * 1024;

/**
 * Checks that a line of a manifest is valid, and that its file has the content that was logged.
 *
 * A line that was cut off is not damage: a process was killed, and the next one continued after it.
 *
 * @throws ExpmanError `CORRUPT`; errors of the file system
 */
export function checkMedia(fs: FsPort, { text, media }: ManifestLine): void {
  if (media !== null) checkContent(fs, media);
  else if (text.endsWith('}')) throw new ExpmanError('CORRUPT', `not a valid entry: ${cut(text, 100)}`);
}

function checkContent(fs: FsPort, { path, bytes, sha256 }: LoggedMedia): void {
  const corrupt = (what: string): ExpmanError => new ExpmanError('CORRUPT', `${path} ${what}`, { path });
  if (fs.stat(path) === null) throw corrupt('is missing');
  const file = fs.open(path, 'read');
  try {
    const { kind, size } = fs.statOpen(file);
    if (kind !== 'file') throw corrupt('is not a regular file');
    if (size !== bytes) throw corrupt(`has ${size} bytes instead of the ${bytes} that were logged`);
    const hash = createHash('sha256');
    const slice = new Uint8Array(Math.min(SLICE_BYTES, size));
    for (let at = 0; at < size; at += slice.length) {
      const part = slice.subarray(0, Math.min(slice.length, size - at));
      readAll(fs, file, part, at, path);
      hash.update(part);
    }
    if (hash.digest('hex') !== sha256) throw corrupt('does not have the content that was logged');
  } finally {
    fs.close(file);
  }
}

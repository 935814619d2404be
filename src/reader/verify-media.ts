import { createHash } from 'node:crypto';
import { ExpmanError } from '../model/errors.js';
import { cut } from '../model/printable.js';
import type { FsPort } from '../storage/fs-port.js';
import { readAll } from '../storage/read-all.js';
import type { LoggedMedia, ManifestLine } from './read-media.js';

const SLICE_BYTES = 1024 * 1024;

/**
 * Checks that a line of a manifest is one, and its file what was logged.
 *
 * A line that was cut off is no damage: a process was killed, and the next one went on behind it.
 *
 * @throws ExpmanError `CORRUPT`; what the file system throws
 */
export function checkMedia(fs: FsPort, { text, media }: ManifestLine): void {
  if (media !== null) checkContent(fs, media);
  else if (text.endsWith('}'))
    throw new ExpmanError('CORRUPT', `a line of the manifest is none: ${cut(text, 100)}`);
}

function checkContent(fs: FsPort, { path, bytes, sha256 }: LoggedMedia): void {
  const corrupt = (what: string): ExpmanError => new ExpmanError('CORRUPT', `${path} ${what}`, { path });
  if (fs.stat(path) === null) throw corrupt('is not there any more');
  const file = fs.open(path, 'read');
  try {
    const { kind, size } = fs.statOpen(file);
    if (kind !== 'file') throw corrupt('is no regular file');
    if (size !== bytes) throw corrupt(`has ${size} bytes, ${bytes} were logged`);
    const hash = createHash('sha256');
    const slice = new Uint8Array(Math.min(SLICE_BYTES, size));
    for (let at = 0; at < size; at += slice.length) {
      const part = slice.subarray(0, Math.min(slice.length, size - at));
      readAll(fs, file, part, at, path);
      hash.update(part);
    }
    if (hash.digest('hex') !== sha256) throw corrupt('is not what was logged');
  } finally {
    fs.close(file);
  }
}

import { createHash } from 'node:crypto';
import { ExpmanError } from '../model/errors.js';
import { cut } from '../model/printable.js';
import type { FileFacts, FsPort } from '../storage/fs-port.js';
import { readAll } from '../storage/read-all.js';
import { type LoggedMedia, type ManifestLine, mediaProblem } from './read-media.js';

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

function checkContent(fs: FsPort, media: LoggedMedia): void {
  const { path, bytes, sha256 } = media;
  const corrupt = (what: string): ExpmanError => new ExpmanError('CORRUPT', `${path} ${what}`, { path });
  const check = (facts: FileFacts | null): void => {
    const problem = mediaProblem(facts, media);
    if (problem !== null) throw corrupt(problem);
  };
  check(fs.stat(path));
  const file = fs.open(path, 'read');
  try {
    // The path may have been given to another file since.
    check(fs.statOpen(file));
    const hash = createHash('sha256');
    const slice = new Uint8Array(Math.min(SLICE_BYTES, bytes));
    for (let at = 0; at < bytes; at += slice.length) {
      const part = slice.subarray(0, Math.min(slice.length, bytes - at));
      readAll(fs, file, part, at, path);
      hash.update(part);
    }
    if (hash.digest('hex') !== sha256) throw corrupt('does not have the content that was logged');
  } finally {
    fs.close(file);
  }
}

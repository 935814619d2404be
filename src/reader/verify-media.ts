import { ExpmanError } from '../model/errors.js';
import { cut } from '../model/printable.js';
import { checkSavedFile } from '../run/saved-file.js';
import type { FsPort } from '../storage/fs-port.js';
import type { ManifestLine } from './read-media.js';

/**
 * Checks that a line of a manifest is valid, and that its file has the content that was logged.
 *
 * A line that was cut off is not damage: a process was killed, and the next one continued after it.
 *
 * @throws ExpmanError `CORRUPT`; errors of the file system
 */
export function checkMedia(fs: FsPort, { text, media }: ManifestLine): void {
  if (media !== null) {
    const { path, bytes: size, sha256 } = media;
    checkSavedFile(fs, { path, size, sha256 }, 'logged');
  } else if (text.endsWith('}')) throw new ExpmanError('CORRUPT', `not a valid entry: ${cut(text, 100)}`);
}

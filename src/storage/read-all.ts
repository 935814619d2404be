import { ExpmanError } from '../model/errors.js';
import type { FsPort } from './fs-port.js';

/**
 * Fills `into` from a position of an open file.
 *
 * @throws {@link ExpmanError} `CORRUPT` when the file ends before
 */
export function readAll(fs: FsPort, file: number, into: Uint8Array, position: number, path: string): void {
  for (let done = 0; done < into.length;) {
    const read = fs.read(file, into.subarray(done), position + done);
    if (read === 0) throw new ExpmanError('CORRUPT', `${path} ends at byte ${position + done}`, { path });
    done += read;
  }
}

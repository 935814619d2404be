import { ExpmanError } from '../model/errors.js';
import type { FsPort } from './fs-port.js';

/** Reads at most `limit` bytes of a file from a position on; fewer if the file ends before. */
export function readUpTo(fs: FsPort, path: string, position: number, limit: number): Buffer {
  if (limit === 0) return Buffer.alloc(0);
  const file = fs.open(path, 'read');
  try {
    const bytes = Buffer.alloc(limit);
    let done = 0;
    for (;;) {
      const read = fs.read(file, bytes.subarray(done), position + done);
      done += read;
      if (read === 0 || done === limit) return bytes.subarray(0, done);
    }
  } finally {
    fs.close(file);
  }
}

/**
 * Fills `into` from a position of an open file.
 *
 * @throws {@link ExpmanError} `CORRUPT` if the file ends before
 */
export function readAll(fs: FsPort, file: number, into: Uint8Array, position: number, path: string): void {
  for (let done = 0; done < into.length;) {
    const read = fs.read(file, into.subarray(done), position + done);
    if (read === 0) throw new ExpmanError('CORRUPT', `${path} ends at byte ${position + done}`, { path });
    done += read;
  }
}

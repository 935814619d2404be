import { ExpmanError } from '../model/errors.js';
import type { FsPort } from './fs-port.js';

const PIECE_BYTES = 1024 * 1024;

/**
 * Reads an open regular file piece by piece, as far as it went when this began; the bytes of a piece
 * are those of the next one once that is asked for.
 *
 * @throws ExpmanError `CORRUPT` for anything but a regular file; errors of the file system
 */
export function* piecesOf(fs: FsPort, file: number, path: string): Generator<Uint8Array, void> {
  const { kind, size } = fs.statOpen(file);
  if (kind !== 'file') throw new ExpmanError('CORRUPT', `${path} is not a regular file`, { path });
  const bytes = new Uint8Array(Math.min(PIECE_BYTES, size));
  for (let at = 0; at < size;) {
    const read = fs.read(file, bytes.subarray(0, Math.min(bytes.length, size - at)), at);
    if (read === 0) return;
    yield bytes.subarray(0, read);
    at += read;
  }
}

/** Reads a file likewise, which it opens and closes. */
export function* piecesAt(fs: FsPort, path: string): Generator<Uint8Array, void> {
  const file = fs.open(path, 'read');
  try {
    yield* piecesOf(fs, file, path);
  } finally {
    fs.close(file);
  }
}

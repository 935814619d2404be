import { errnoOf, ExpmanError } from '../../model/errors.js';
import { quietly, unreadable } from '../atomic-file.js';
import type { ArtifactFs } from './artifact-fs.js';

const CHUNK_BYTES = 1024 * 1024;
/** How often in a row a write may take nothing, or be interrupted. */
const PATIENCE = 8;

/**
 * Reads a small file as a whole; null if it does not exist.
 *
 * @throws ExpmanError `CORRUPT` if it is not a regular file or too large, `IO`
 */
export async function readSmall(fs: ArtifactFs, path: string, maxBytes: number): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  try {
    for await (const part of bytesOf(fs, path, maxBytes)) parts.push(Buffer.from(part));
  } catch (error) {
    if (error instanceof ExpmanError && error.errno === 'ENOENT') return null;
    throw error;
  }
  return Buffer.concat(parts);
}

/**
 * Reads a file piece by piece; each piece is valid until the next one. Links are not followed.
 *
 * @throws ExpmanError `CORRUPT` if it is not a regular file or too large, `IO`
 */
export async function* bytesOf(
  fs: ArtifactFs,
  path: string,
  maxBytes = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<Uint8Array, void> {
  let file: number;
  try {
    file = await fs.open(path, 'read');
  } catch (error) {
    // A link at the end of the path is refused by the open.
    if (errnoOf(error) === 'ELOOP') throw corrupt(path, 'is a link, not a regular file', error);
    throw unreadable(path, error);
  }
  try {
    const { kind, size } = await fs.statOpen(file);
    if (kind !== 'file') throw corrupt(path, 'is not a regular file');
    if (size > maxBytes) throw corrupt(path, `has ${size} bytes, more than ${maxBytes}`);
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size + 1));
    for (let at = 0; ;) {
      const read = await fs.read(file, chunk, at);
      if (read === 0) return;
      at += read;
      if (at > maxBytes) throw corrupt(path, `has more than ${maxBytes} bytes`);
      yield chunk.subarray(0, read);
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await quietly(() => fs.close(file));
  }
}

/** Writes all bytes at a position, however the file system splits them. */
export async function writeAt(
  fs: ArtifactFs,
  file: number,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let stalls = 0;
  for (let done = 0; done < bytes.length;) {
    const taken = await writeOnce(fs, file, bytes.subarray(done), position + done);
    stalls = taken === 0 ? stalls + 1 : 0;
    if (stalls > PATIENCE) throw Object.assign(new Error('ENOSPC: write took no bytes'), { code: 'ENOSPC' });
    done += taken;
  }
}

async function writeOnce(fs: ArtifactFs, file: number, bytes: Uint8Array, position: number): Promise<number> {
  try {
    return await fs.write(file, bytes, position);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EINTR' || errno === 'EAGAIN') return 0;
    throw error;
  }
}

const corrupt = (path: string, why: string, cause?: unknown): ExpmanError =>
  new ExpmanError('CORRUPT', `${path} ${why}`, { path, cause });

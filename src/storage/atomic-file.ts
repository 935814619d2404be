import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { errnoOf, ExpmanError } from '../model/errors.js';
import type { FsPort } from './fs-port.js';
import { writeAll } from './write-all.js';

/**
 * Replaces a file, or makes it: at every moment the path holds the old bytes or the new ones, whole.
 *
 * The bytes are on the device before the name points to them, and the name is when it returns. On failure the
 * temporary file is removed, the old file is as it was, and the file system's own error is thrown. (Only when the
 * folder's sync, the last step, fails is the new file already in place.)
 */
export function replaceFile(fs: FsPort, path: string, bytes: Uint8Array): void {
  const folder = dirname(path);
  const temp = join(folder, tempName(basename(path)));
  const fd = fs.open(temp, 'create');
  try {
    writeSynced(fs, fd, bytes);
    fs.rename(temp, path);
  } catch (error) {
    attempt(() => fs.remove(temp));
    throw error;
  }
  fs.syncFolder(folder);
}

/**
 * Reads a whole regular file of at most `maxBytes`; links are not followed.
 *
 * @throws ExpmanError `IO` with path and errno when it cannot be opened or read, `CORRUPT` when it is no regular file, too
 * large, or shorter than its size says.
 */
export function readWhole(fs: FsPort, path: string, maxBytes: number): Buffer {
  try {
    const fd = fs.open(path, 'read');
    try {
      return readOpen(fs, fd, path, maxBytes);
    } finally {
      fs.close(fd);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Opens a file for reading; null when nothing has its name. @throws ExpmanError `IO` as {@link unreadable} makes it */
export function openIfThere(fs: FsPort, path: string): number | null {
  try {
    return fs.open(path, 'read');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw unreadable(path, error);
  }
}

/** What the file system says of a file that cannot be read, as `IO` with path and errno. */
export function unreadable(path: string, error: unknown): ExpmanError {
  if (error instanceof ExpmanError) return error;
  const errno = errnoOf(error);
  const facts = { path, cause: error, ...(errno === undefined ? {} : { errno }) };
  return new ExpmanError('IO', `${path} cannot be read: ${errno ?? String(error)}`, facts);
}

/** Tells whether a file name is one that {@link replaceFile} gives to files not yet whole. */
export function isTempName(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/.test(name);
}

/** A fresh hidden name for a file that is to become `base`; what makes it random keeps it from being guessed. */
export function tempName(base: string): string {
  return `.${base}.${randomBytes(6).toString('hex')}.tmp`;
}

/** A name for a copy that is kept: it never replaces an earlier one. */
export function freeName(fs: FsPort, path: string): string {
  let free = path;
  for (let n = 2; fs.stat(free) !== null; n++) free = `${path}.${n}`;
  return free;
}

function writeSynced(fs: FsPort, fd: number, bytes: Uint8Array): void {
  try {
    writeAll(fs, fd, bytes, 0);
    const { size } = fs.statOpen(fd);
    // Two well-known packages reported success on a nearly full disk and left a shortened file (design.md section 6).
    if (size !== bytes.length)
      throw Object.assign(new Error(`ENOSPC: ${size} of ${bytes.length} bytes written`), { code: 'ENOSPC' });
    fs.sync(fd);
  } catch (error) {
    // The first error is the one to tell.
    attempt(() => fs.close(fd));
    throw error;
  }
  fs.close(fd);
}

/** The same of a file that is open already. */
export function readOpen(fs: FsPort, fd: number, path: string, maxBytes: number): Buffer {
  const { kind, size } = fs.statOpen(fd);
  if (kind !== 'file') throw new ExpmanError('CORRUPT', `${path} is no regular file`, { path });
  if (size > maxBytes) {
    throw new ExpmanError('CORRUPT', `${path} has ${size} bytes, more than ${maxBytes}`, { path });
  }
  const bytes = Buffer.allocUnsafe(size);
  let done = 0;
  while (done < size) {
    const count = readOnce(fs, fd, bytes.subarray(done), done);
    if (count === 0)
      throw new ExpmanError('CORRUPT', `${path} ends after ${done} of ${size} bytes`, { path });
    done += count;
  }
  return bytes;
}

function readOnce(fs: FsPort, fd: number, bytes: Uint8Array, position: number): number {
  for (let attempt = 0; ; attempt++) {
    try {
      return fs.read(fd, bytes, position);
    } catch (error) {
      if (errnoOf(error) !== 'EINTR' || attempt === 8) throw error;
    }
  }
}

import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { errnoOf, ExpmanError } from '../model/errors.js';
import type { FsPort } from './fs-port.js';
import { writeAll } from './write-all.js';

/** @bound loses nothing: the name of a temporary file, without that of the file it becomes */
const MAX_NAME_BYTES = 255;

/**
 * Replaces or creates a file: at every moment the path holds either all the old bytes or all the
 * new ones.
 *
 * The bytes are on the device before the name points to them, and the name is when the call
 * returns. On failure the temporary file is removed, the old file is as it was, and the file
 * system's own error is thrown. (Only when the folder's sync, the last step, fails is the new file
 * already in place.)
 */
export function replaceFile(fs: FsPort, path: string, bytes: Uint8Array): void {
  const temp = stageFile(fs, path, bytes);
  try {
    fs.rename(temp, path);
  } catch (error) {
    attempt(() => fs.remove(temp));
    throw error;
  }
  fs.syncFolder(dirname(path));
}

/**
 * Writes the next content of a file beside it, under a hidden name, and returns that path: a rename
 * will do the rest, and needs no space. On failure nothing is left.
 */
export function stageFile(fs: FsPort, path: string, bytes: Uint8Array): string {
  const temp = join(dirname(path), tempName(basename(path)));
  const fd = fs.open(temp, 'create');
  try {
    writeSynced(fs, fd, bytes);
  } catch (error) {
    attempt(() => fs.remove(temp));
    throw error;
  }
  return temp;
}

/**
 * The calls that {@link replaceBy} makes; an `FsPort` fits, and so does a file system whose calls
 * return promises.
 */
export interface ReplacePort<File> {
  /** Creates a file, which must not exist. */
  open(path: string, mode: 'create'): Awaitable<File>;
  statOpen(file: File): Awaitable<{ readonly size: number }>;
  sync(file: File): Awaitable<void>;
  close(file: File): Awaitable<void>;
  rename(from: string, to: string): Awaitable<void>;
  remove(path: string): Awaitable<void>;
  syncFolder(folder: string): Awaitable<void>;
}

/** A result that is there at once, or later. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Replaces a file as {@link replaceFile} does, with content that arrives in pieces: `fill` writes
 * it and returns its length.
 *
 * @param verify - called with the temporary path once the file is complete, right before it is
 * renamed; may refuse by throwing
 */
export async function replaceBy<File, Filled extends { readonly bytes: number }>(
  fs: ReplacePort<File>,
  path: string,
  fill: (file: File) => Promise<Filled>,
  verify: (temp: string) => Awaitable<void> = () => undefined,
): Promise<Filled> {
  const folder = dirname(path);
  const temp = join(folder, tempName(basename(path)));
  const filled = await writeWhole(fs, temp, 'create', fill);
  try {
    await verify(temp);
    await fs.rename(temp, path);
    await fs.syncFolder(folder);
    return filled;
  } catch (error) {
    await quietly(() => fs.remove(temp));
    throw error;
  }
}

/**
 * Creates a file with content that arrives in pieces, complete and synced when the promise
 * resolves; on failure it is removed.
 */
export async function writeWhole<File, Filled extends { readonly bytes: number }, Mode>(
  fs: Omit<ReplacePort<File>, 'open'> & { open(path: string, mode: Mode): Awaitable<File> },
  path: string,
  mode: Mode,
  fill: (file: File) => Promise<Filled>,
): Promise<Filled> {
  const file = await fs.open(path, mode);
  try {
    let filled: Filled;
    try {
      filled = await fill(file);
      assertWhole((await fs.statOpen(file)).size, filled.bytes);
      await fs.sync(file);
    } catch (error) {
      await quietly(() => fs.close(file));
      throw error;
    }
    await fs.close(file);
    return filled;
  } catch (error) {
    await quietly(() => fs.remove(path));
    throw error;
  }
}

/** Runs a step whose failure must not hide the error that is on its way to the caller. */
export async function quietly(action: () => Awaitable<void>): Promise<void> {
  try {
    await action();
  } catch {
    return;
  }
}

/**
 * Reads a whole regular file of at most `maxBytes`; links are not followed.
 *
 * @throws ExpmanError `IO` with path and errno if it cannot be opened or read, `CORRUPT` if it is
 * not a regular file, too large, or shorter than its size.
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

/**
 * Opens a file for reading; null if it does not exist. @throws ExpmanError `IO` as
 * {@link unreadable} makes it
 */
export function openIfThere(fs: FsPort, path: string): number | null {
  try {
    return fs.open(path, 'read');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw unreadable(path, error);
  }
}

/** Turns the error of reading a file into `IO` with path and errno. */
export function unreadable(path: string, error: unknown): ExpmanError {
  if (error instanceof ExpmanError) return error;
  const errno = errnoOf(error);
  const facts = { path, cause: error, ...(errno === undefined ? {} : { errno }) };
  return new ExpmanError('IO', `${path} cannot be read: ${errno ?? String(error)}`, facts);
}

/** Turns an error of the file system into `IO` with path and errno; any other error stays as it is. */
export function unwritable(path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (error instanceof ExpmanError || errno === undefined) return error;
  return new ExpmanError('IO', `${path} cannot be changed: ${errno}`, { path, cause: error, errno });
}

/** Tells if a file name is one that {@link replaceFile} gives to incomplete files. */
export function isTempName(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/.test(name);
}

/**
 * Returns a fresh hidden name for a file that is to become `base`, or for one of a name too long to
 * be part of it; the random part keeps it from being guessed.
 */
export function tempName(base: string): string {
  const affixes = `..${randomBytes(6).toString('hex')}.tmp`;
  const isShort = Buffer.byteLength(base) + affixes.length <= MAX_NAME_BYTES;
  return `.${isShort ? base : 'long-name'}${affixes.slice(1)}`;
}

/**
 * Returns the only hidden name for a folder that is to become `base`: the process that makes the
 * folder is the only one to fill it.
 */
export function draftName(base: string): string {
  // @bound loses nothing: the name itself stands before it
  return `.${base}.${createHash('sha256').update(base).digest('hex').slice(0, 12)}.tmp`;
}

/** Returns a free name for a copy, so that it never replaces an earlier one. */
export function freeName(fs: FsPort, path: string): string {
  let free = path;
  for (let n = 2; fs.stat(free) !== null; n++) free = `${path}.${n}`;
  return free;
}

/**
 * Guards against a nearly full disk, which was seen to write only a part without an error: two
 * well-known packages then left a truncated file.
 */
function assertWhole(size: number, written: number): void {
  if (size === written) return;
  throw Object.assign(new Error(`ENOSPC: ${size} of ${written} bytes written`), { code: 'ENOSPC' });
}

function writeSynced(fs: FsPort, fd: number, bytes: Uint8Array): void {
  try {
    writeAll(fs, fd, bytes, 0);
    assertWhole(fs.statOpen(fd).size, bytes.length);
    fs.sync(fd);
  } catch (error) {
    // The first error is the one to report.
    attempt(() => fs.close(fd));
    throw error;
  }
  fs.close(fd);
}

/** Reads a file that is already open, as {@link readWhole} does. */
export function readOpen(fs: FsPort, fd: number, path: string, maxBytes: number): Buffer {
  const { kind, size } = fs.statOpen(fd);
  if (kind !== 'file') throw new ExpmanError('CORRUPT', `${path} is not a regular file`, { path });
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

import { randomBytes } from 'node:crypto';
import * as os from 'node:os';
import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { errnoOf } from '../model/errors.js';
import { tempName } from './atomic-file.js';
import type { FsPort } from './fs-port.js';
import { type HeldLock, LOCK_NAME, type LockOwner, lockText, readLock } from './lock-file.js';
import { OwnerWatch, type Ownership, bootId, lockedBy, mustNotBeOwned, startTicks } from './owner-watch.js';
import { writeAll } from './write-all.js';

/** Options of {@link takeLock}. */
export interface LockTaking {
  /**
   * The duration of the run so far, the sum of its earlier sessions, in milliseconds; default 0.
   */
  readonly lastedMs?: number;
  /** True if the taker only closes or amends the run. */
  readonly ends?: boolean;
  /**
   * The watch that has observed the owner so far: it decides whether an owner on another host is
   * alive.
   */
  readonly watch?: OwnerWatch;
}

/**
 * Takes the lock of a run's folder for this process.
 *
 * A dead owner's lock is moved aside and checked to be the one that was read, so that one of
 * several takers wins.
 *
 * @throws {@link ExpmanError} `RUN_LOCKED` if its owner is alive, or may be
 */
export function takeLock(
  fs: FsPort,
  folder: string,
  epoch: number,
  { lastedMs = 0, ends = false, watch = new OwnerWatch(fs, folder) }: LockTaking = {},
): LockOwner {
  const path = join(folder, LOCK_NAME);
  const mine = thisProcess(fs, epoch, ends);
  let aside: string | null = null;
  try {
    for (let tries = 0; tries < 5; tries++) {
      if (createLock(fs, path, lockText(mine, lastedMs)) && !isTakenFrom(fs, folder, mine)) return mine;
      const ownership = watch.look();
      mustNotBeOwned(folder, ownership);
      if (ownership.kind === 'dead') aside ??= moveAside(fs, folder, watch);
    }
  } finally {
    // Not earlier: until the new lock is complete, only the dead owner's lock knows the duration of
    // the run.
    const moved = aside;
    if (moved !== null) attempt(() => fs.remove(moved));
  }
  throw lockedBy(folder, { kind: 'free' });
}

/**
 * True while the lock in the folder is this owner's.
 *
 * @throws an error of the file system, or {@link ExpmanError} `IO`, if that cannot be determined
 */
export function holdsLock(fs: FsPort, folder: string, owner: LockOwner): boolean {
  return readLock(fs, join(folder, LOCK_NAME))?.owner.token === owner.token;
}

/** Removes the lock, if it is still this owner's. */
export function releaseLock(fs: FsPort, folder: string, owner: LockOwner): void {
  if (holdsLock(fs, folder, owner)) fs.remove(join(folder, LOCK_NAME));
}

/** Tells if another taker, which saw the dead lock first, has moved the new one away. */
function isTakenFrom(fs: FsPort, folder: string, owner: LockOwner): boolean {
  try {
    return !holdsLock(fs, folder, owner);
  } catch {
    return false; // It was written; a taker that takes it anyway fences this owner.
  }
}

function createLock(fs: FsPort, path: string, text: string): boolean {
  let fd: number;
  try {
    fd = fs.open(path, 'create-private');
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeAll(fs, fd, Buffer.from(text), 0);
  } catch (error) {
    fs.remove(path);
    throw error;
  } finally {
    fs.close(fd);
  }
  return true;
}

/** Moves the lock aside and returns its new path; null if another taker was faster. */
function moveAside(fs: FsPort, folder: string, watch: OwnerWatch): string | null {
  const aside = join(folder, tempName(LOCK_NAME));
  try {
    fs.rename(join(folder, LOCK_NAME), aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  let moved: HeldLock | null = null;
  try {
    moved = readLock(fs, aside);
    if (watch.isLast(moved)) return aside;
  } catch (error) {
    putBack(fs, folder, aside);
    throw error;
  }
  // The moved lock is a faster taker's new one, or its owner is alive after all; it is put back,
  // and this taker has lost.
  putBack(fs, folder, aside);
  throw lockedBy(folder, ownershipOf(moved));
}

const ownershipOf = (held: HeldLock | null): Ownership =>
  held === null ? { kind: 'free' } : { kind: 'alive', owner: held.owner };

function putBack(fs: FsPort, folder: string, aside: string): void {
  if (fs.stat(join(folder, LOCK_NAME)) === null) fs.rename(aside, join(folder, LOCK_NAME));
}

const thisProcess = (fs: FsPort, epoch: number, ends: boolean): LockOwner => ({
  pid: process.pid,
  startTicks: startTicks(fs, process.pid),
  bootId: bootId(fs),
  host: os.hostname(),
  epoch,
  token: randomBytes(16).toString('hex'),
  ...(ends && { ends }),
});

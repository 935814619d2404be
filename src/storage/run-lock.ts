import { randomBytes } from 'node:crypto';
import * as os from 'node:os';
import { join } from 'node:path';
import { ExpmanError, errnoOf } from '../model/errors.js';
import { readWhole, tempName } from './atomic-file.js';
import type { FsPort } from './fs-port.js';
import { readProc } from './read-proc.js';
import { writeAll } from './write-all.js';

/** The lock's name in a run's folder. */
export const LOCK_NAME = 'run.lock';
/** How often a living owner touches its lock. */
export const HEARTBEAT_MS = 5_000;
// Another host's clock and a busy owner get three beats before an owner elsewhere is taken for dead.
const STALE_MS = 3 * HEARTBEAT_MS;
const MAX_LOCK_BYTES = 4096;
/** What opening says of a lock that is not there, or is no regular file. */
const NO_LOCK: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP', 'EMLINK', 'ENXIO', 'EISDIR', 'ENOTDIR']);

/** Who owns a run: enough to tell a living process from another one that got its number later. */
export interface LockOwner {
  readonly pid: number;
  /** Start of the process in clock ticks since boot, as `/proc/<pid>/stat` has it; null where there is no /proc. */
  readonly startTicks: number | null;
  /** Changes with every boot; null where there is no /proc. */
  readonly bootId: string | null;
  readonly host: string;
  /** One higher with every owner; names the owner's WAL files. */
  readonly epoch: number;
  /** Random, so that two owners never look alike. */
  readonly token: string;
}

/** A run's owner as a reader sees it. */
export type Ownership =
  | { readonly kind: 'free' }
  | { readonly kind: 'alive'; readonly owner: LockOwner }
  | { readonly kind: 'dead'; readonly owner: LockOwner | null };

/** Reads who owns the run in a folder, and whether that owner lives. */
export function readOwnership(fs: FsPort, folder: string, nowMs: number): Ownership {
  const path = join(folder, LOCK_NAME);
  const facts = fs.stat(path);
  if (facts === null) return { kind: 'free' };
  let owner: LockOwner | null;
  try {
    owner = readLock(fs, path);
  } catch {
    // There is one, and whose it is cannot be read this moment: what is left to go by is its last sign of life.
    return nowMs - facts.modifiedMs < STALE_MS
      ? { kind: 'alive', owner: UNKNOWN_OWNER }
      : { kind: 'dead', owner: null };
  }
  if (owner === null) {
    // Its maker was cut off while it wrote, or is writing this moment.
    return nowMs - facts.modifiedMs < 1000
      ? { kind: 'alive', owner: UNKNOWN_OWNER }
      : { kind: 'dead', owner };
  }
  return { kind: isAlive(fs, owner, facts.modifiedMs, nowMs) ? 'alive' : 'dead', owner };
}

const UNKNOWN_OWNER: LockOwner = { pid: 0, startTicks: null, bootId: null, host: '', epoch: 0, token: '' };

/**
 * Takes the lock of a run's folder for this process.
 *
 * A dead owner's lock is moved aside and checked to be the one that was read, so that of several takers one wins.
 *
 * @throws {@link ExpmanError} `RUN_LOCKED` when its owner lives
 */
export function takeLock(fs: FsPort, folder: string, epoch: number, nowMs: number): LockOwner {
  const path = join(folder, LOCK_NAME);
  const mine = thisProcess(fs, epoch);
  for (let attempt = 0; attempt < 5; attempt++) {
    if (createLock(fs, path, mine) && !isTakenFrom(fs, folder, mine)) return mine;
    const ownership = readOwnership(fs, folder, nowMs);
    if (ownership.kind === 'alive') throw lockedBy(folder, ownership.owner);
    if (ownership.kind === 'dead') moveAside(fs, folder, ownership.owner);
  }
  throw lockedBy(folder, null);
}

/**
 * True while the lock in the folder is this owner's.
 *
 * @throws an error of the file system, or {@link ExpmanError} `IO`, when that cannot be told
 */
export function holdsLock(fs: FsPort, folder: string, owner: LockOwner): boolean {
  return readLock(fs, join(folder, LOCK_NAME))?.token === owner.token;
}

/** Removes the lock, if it is still this owner's. */
export function releaseLock(fs: FsPort, folder: string, owner: LockOwner): void {
  if (holdsLock(fs, folder, owner)) fs.remove(join(folder, LOCK_NAME));
}

/** Whether another taker, who saw the dead lock before this one did, has moved the new one away. */
function isTakenFrom(fs: FsPort, folder: string, owner: LockOwner): boolean {
  try {
    return !holdsLock(fs, folder, owner);
  } catch {
    return false; // It was written; who takes it all the same fences this owner.
  }
}

function createLock(fs: FsPort, path: string, owner: LockOwner): boolean {
  let fd: number;
  try {
    fd = fs.open(path, 'create');
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeAll(fs, fd, Buffer.from(`${JSON.stringify(owner)}\n`), 0);
  } catch (error) {
    fs.remove(path);
    throw error;
  } finally {
    fs.close(fd);
  }
  return true;
}

function moveAside(fs: FsPort, folder: string, dead: LockOwner | null): void {
  const aside = join(folder, tempName(LOCK_NAME));
  try {
    fs.rename(join(folder, LOCK_NAME), aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return; // Another taker was faster.
    throw error;
  }
  let moved: LockOwner | null = null;
  try {
    moved = readLock(fs, aside);
    if (moved?.token === dead?.token) {
      fs.remove(aside);
      return;
    }
  } catch (error) {
    putBack(fs, folder, aside);
    throw error;
  }
  // A faster taker's fresh lock was moved; it goes back, and this taker has lost.
  putBack(fs, folder, aside);
  throw lockedBy(folder, moved);
}

function putBack(fs: FsPort, folder: string, aside: string): void {
  if (fs.stat(join(folder, LOCK_NAME)) === null) fs.rename(aside, join(folder, LOCK_NAME));
}

/** Null where there is no lock, or none that makes sense; throws where that cannot be told. */
function readLock(fs: FsPort, path: string): LockOwner | null {
  try {
    const parsed: unknown = JSON.parse(readWhole(fs, path, MAX_LOCK_BYTES).toString('utf8'));
    return isLockOwner(parsed) ? parsed : null;
  } catch (error) {
    // No JSON, too large, a folder, a link or a socket: nothing an owner makes.
    if (!(error instanceof ExpmanError) || error.code !== 'IO' || NO_LOCK.has(String(error.errno)))
      return null;
    throw error;
  }
}

function isLockOwner(value: unknown): value is LockOwner {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, epoch, token } = value as Partial<Record<keyof LockOwner, unknown>>;
  return (
    Number.isSafeInteger(pid) &&
    typeof host === 'string' &&
    Number.isSafeInteger(epoch) &&
    typeof token === 'string'
  );
}

function isAlive(fs: FsPort, owner: LockOwner, beatMs: number, nowMs: number): boolean {
  if (owner.host !== os.hostname()) return nowMs - beatMs < STALE_MS;
  // What cannot be read (there may be no descriptor left) is no sign of death.
  const boot = bootId(fs);
  if (owner.bootId !== null && boot !== null && owner.bootId !== boot) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') return false;
  }
  const ticks = startTicks(fs, owner.pid);
  return owner.startTicks === null || ticks === null || owner.startTicks === ticks;
}

function thisProcess(fs: FsPort, epoch: number): LockOwner {
  return {
    pid: process.pid,
    startTicks: startTicks(fs, process.pid),
    bootId: bootId(fs),
    host: os.hostname(),
    epoch,
    token: randomBytes(16).toString('hex'),
  };
}

function bootId(fs: FsPort): string | null {
  return readProc(fs, '/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

function startTicks(fs: FsPort, pid: number): number | null {
  // The command in field 2 may hold spaces and brackets; the fields behind its last bracket do not.
  const fields = readProc(fs, `/proc/${pid}/stat`)?.split(') ').pop()?.split(' ');
  const ticks = Number(fields?.[19]);
  return Number.isFinite(ticks) && fields !== undefined ? ticks : null;
}

/** What is told of a run whose owner lives. */
export function lockedBy(folder: string, owner: LockOwner | null): ExpmanError {
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`;
  return new ExpmanError('RUN_LOCKED', `${folder} is owned by ${who}`, { path: folder });
}

import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { readOpen, unreadable } from './atomic-file.js';
import type { FsPort } from './fs-port.js';
import { writeAll } from './write-all.js';

/** The lock's name in a run's folder. */
export const LOCK_NAME = 'run.lock';
/** Time between two heartbeats of a living owner, each a write into its lock. */
export const HEARTBEAT_MS = 5_000;
/** @bound refuses: CORRUPT, with the size */
const MAX_LOCK_BYTES = 4096;
const BEAT_DIGITS = 10;
const LASTED_DIGITS = 12;
/** The end of a lock's text, which a beat overwrites with the same number of bytes. */
const TAIL = /"beat":"(\d{10})","lastedMs":"(\d{12})"\}\n$/;
/** Errors of opening a lock that is absent or not a regular file. */
const NO_LOCK: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP', 'EMLINK', 'ENXIO', 'EISDIR', 'ENOTDIR']);

/** The owner of a run: enough to tell a living process from a later one with the same pid. */
export interface LockOwner {
  readonly pid: number;
  /**
   * Start of the process in clock ticks since boot, as in `/proc/<pid>/stat`; null if there is no
   * /proc.
   */
  readonly startTicks: number | null;
  /** Changes with every boot; null if there is no /proc. */
  readonly bootId: string | null;
  readonly host: string;
  /** Incremented with every owner; part of the names of the owner's WAL files. */
  readonly epoch: number;
  /** Random, so that two owners never look alike. */
  readonly token: string;
  /**
   * True if the owner only closes or amends the run: it logs nothing and does not add to the run's
   * duration.
   */
  readonly ends?: boolean;
}

/** A lock as it was read. */
export interface HeldLock {
  readonly owner: LockOwner;
  /** Beats so far; null in a lock of 0.1.0, whose only beat is its time. */
  readonly beat: number | null;
  /**
   * Duration of the run at the last beat, the sum of its sessions, in milliseconds; null in a lock
   * of 0.1.0.
   */
  readonly lastedMs: number | null;
  /** Time of the last beat, by the clock of the file system. */
  readonly modifiedMs: number;
}

/** The text of a fresh lock. */
export const lockText = (owner: LockOwner, lastedMs: number): string =>
  `${JSON.stringify(owner).slice(0, -1)},${tailText(0, lastedMs)}`;

/** The end of a lock's text, always of the same length. */
function tailText(beat: number, lastedMs: number): string {
  const lasted = Math.max(0, Math.min(10 ** LASTED_DIGITS - 1, Math.round(lastedMs)));
  return `"beat":"${digits(beat, BEAT_DIGITS)}","lastedMs":"${digits(lasted, LASTED_DIGITS)}"}\n`;
}

const digits = (number: number, length: number): string => String(number).padStart(length, '0');

/** Reads a lock; returns null if it is absent or malformed; throws if that cannot be determined. */
export function readLock(fs: FsPort, path: string): HeldLock | null {
  try {
    // Opened, not only stat'ed: a network file system revalidates the file on open.
    const fd = fs.open(path, 'read');
    try {
      const { modifiedMs } = fs.statOpen(fd);
      return heldLock(readOpen(fs, fd, path, MAX_LOCK_BYTES), modifiedMs);
    } finally {
      fs.close(fd);
    }
  } catch (error) {
    const known = unreadable(path, error);
    // Too large, a folder, a link or a socket: not made by an owner.
    if (known.code !== 'IO' || NO_LOCK.has(String(known.errno))) return null;
    throw known;
  }
}

function heldLock(bytes: Buffer, modifiedMs: number): HeldLock | null {
  const text = bytes.toString('utf8');
  const owner = ownerIn(text);
  if (owner === null) return null;
  const [, beat, lastedMs] = TAIL.exec(text) ?? [];
  return beat === undefined
    ? { owner, beat: null, lastedMs: null, modifiedMs }
    : { owner, beat: Number(beat), lastedMs: Number(lastedMs), modifiedMs };
}

function ownerIn(text: string): LockOwner | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isLockOwner(parsed) ? ownerOf(parsed) : null;
  } catch {
    return null;
  }
}

const ownerOf = ({ pid, startTicks, bootId, host, epoch, token, ends }: LockOwner): LockOwner => ({
  ...{ pid, startTicks, bootId, host, epoch, token },
  ...(ends === true && { ends }),
});

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

/**
 * Shows other hosts that the owner is alive: writes the next beat and the run's duration into its
 * lock.
 *
 * It is a write, so that the clock of the file system stamps it. Digits replace digits in a file
 * that was checked to be this owner's: a reader at that moment finds a complete lock, and another
 * owner's lock is never touched. Does nothing if the lock is not this owner's.
 */
export function beatLock(fs: FsPort, folder: string, owner: LockOwner, lastedMs: number): void {
  const path = join(folder, LOCK_NAME);
  const fd = fs.open(path, 'update');
  try {
    const bytes = readOpen(fs, fd, path, MAX_LOCK_BYTES);
    const held = heldLock(bytes, 0);
    if (held?.beat == null || held.owner.token !== owner.token) return;
    const tail = Buffer.from(tailText((held.beat + 1) % 10 ** BEAT_DIGITS, lastedMs));
    writeAll(fs, fd, tail, bytes.length - tail.length);
  } finally {
    fs.close(fd);
  }
}

/**
 * Beats for an owner that has no run whose time lasts, as often as other hosts expect, until the timer
 * is cleared.
 */
export const keepBeating = (fs: FsPort, folder: string, owner: LockOwner): NodeJS.Timeout =>
  setInterval(() => attempt(() => beatLock(fs, folder, owner, 0)), HEARTBEAT_MS).unref();

import { join } from 'node:path';
import { RunStatus } from '../model/run-status.js';
import { isTempName } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { HEARTBEAT_MS, type HeldLock, LOCK_NAME, readLock } from '../storage/lock-file.js';
import { LOG_NAME } from './file-names.js';
import type { KnownRun } from './identity.js';
import { segmentNames } from './replay/segment-files.js';

/**
 * Finds the duration of a run, the sum of its sessions, in milliseconds.
 *
 * For a closed run, this is the duration in its run.yaml. Any other run has lasted until its last
 * sign of life: its lock holds the duration at the last beat, by the monotonic clock of its
 * process; later writes to its log are added by the file system's clock, which stamped the beat as
 * well, but never more than the time between two beats. So no clock change makes the figure wrong
 * by more than that, and a recovery finds the same duration as a reader.
 *
 * @param lastSignMs - returns the time of the last sign of life, in milliseconds since the epoch,
 * for a run of 0.1.0, whose lock does not hold the duration
 */
export function lastedMs(
  fs: FsPort,
  folder: string,
  { status, file, identity }: KnownRun,
  lastSignMs: () => number | undefined = () => undefined,
): number {
  const said = durationIn(file['durationMs']);
  if (status !== RunStatus.Running) return said;
  const held = lastLock(fs, folder);
  if (held === null) return said;
  const seen = lastedBy(fs, folder, held) ?? (lastSignMs() ?? 0) - sessionStartMs(identity);
  return Math.max(said, durationIn(seen));
}

/** A duration, or 0 for anything else: a run.yaml may hold anything. */
const durationIn = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;

/**
 * The lock, or the one that a killed taker had moved aside; null if neither exists or can be read
 * right now.
 */
function lastLock(fs: FsPort, folder: string): HeldLock | null {
  try {
    const held = readLock(fs, join(folder, LOCK_NAME));
    if (held !== null) return held;
    const isAside = (name: string): boolean => name.startsWith(`.${LOCK_NAME}.`) && isTempName(name);
    const asides = fs.list(folder).filter(isAside);
    return asides.map((name) => readLock(fs, join(folder, name))).find((each) => each !== null) ?? null;
  } catch {
    return null;
  }
}

/**
 * The start of the latest session, in milliseconds since the epoch, and never before that of the
 * run.
 */
export function sessionStartMs({ startedAt, resumed = [] }: KnownRun['identity']): number {
  const known = [startedAt, resumed.at(-1)?.at ?? ''].map((at) => Date.parse(at));
  return Math.max(...known.filter((ms) => !Number.isNaN(ms)));
}

/** The duration by the lock; null if the lock does not hold it. */
function lastedBy(fs: FsPort, folder: string, held: HeldLock): number | null {
  const { owner, lastedMs, modifiedMs } = held;
  if (lastedMs === null) return null;
  if (owner.ends === true) return lastedMs;
  const segments = segmentNames(fs, folder).filter(({ epoch }) => epoch === owner.epoch);
  const written = [LOG_NAME, ...segments.map(({ name }) => name)].map(
    (name) => fs.stat(join(folder, name))?.modifiedMs ?? 0,
  );
  const since = Math.max(...written) - modifiedMs;
  return lastedMs + Math.round(Math.max(0, Math.min(HEARTBEAT_MS, since)));
}

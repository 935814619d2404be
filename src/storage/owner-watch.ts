import * as os from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ExpmanError, errnoOf } from '../model/errors.js';
import { monotonicMs } from '../model/monotonic.js';
import { fileSystemNow } from './file-system-time.js';
import type { FsPort } from './fs-port.js';
import { HEARTBEAT_MS, type HeldLock, LOCK_NAME, type LockOwner, readLock } from './lock-file.js';
import { readProc } from './read-proc.js';

// A busy owner on another host gets three beats before it is considered dead.
const STALE_MS = 3 * HEARTBEAT_MS;
/** A malformed lock younger than this may still be in the middle of being written. */
const HALF_WRITTEN_MS = 1_000;
const LOOK_MS = 500;
const UNKNOWN_OWNER: LockOwner = { pid: 0, startTicks: null, bootId: null, host: '', epoch: 0, token: '' };

/** A run's owner as a reader sees it. */
export type Ownership =
  | { readonly kind: 'free' }
  | { readonly kind: 'alive'; readonly owner: LockOwner }
  /**
   * The owner is on another host and may be alive or dead: no file can be written beside its lock
   * to compare times.
   */
  | { readonly kind: 'unsure'; readonly owner: LockOwner }
  | { readonly kind: 'dead'; readonly owner: LockOwner | null };

/** Reads the owner of the run in a folder, and whether that owner is alive. */
export const readOwnership = (fs: FsPort, folder: string): Ownership => new OwnerWatch(fs, folder).look();

/** A beat, and the time for which it has been the last one. */
interface Sighting {
  /** Unique to this beat. */
  readonly sign: string;
  readonly modifiedMs: number;
  readonly stillMs: number;
  /**
   * False while `stillMs` counts from the first look, because the age of the beat at that time is
   * not known.
   */
  readonly isAgeKnown: boolean;
  readonly at: number;
}

/**
 * Observes a run's owner over several looks.
 *
 * On this host an owner is alive while its process is: pid, start time and boot decide. On another
 * host it is alive while its beat advances: the first look compares the beat's time with the file
 * system's own clock (never with this host's), later looks check for another beat since, by the
 * monotonic clock. An owner without a beat for three intervals is dead.
 */
export class OwnerWatch {
  /** Beats seen between looks. */
  beats = 0;
  private seen: Sighting | null = null;
  private last: HeldLock | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
    private readonly monotonic: () => number = monotonicMs,
  ) {}

  look(): Ownership {
    const { fs } = this;
    const path = join(this.folder, LOCK_NAME);
    const facts = fs.stat(path);
    if (facts === null) return { kind: 'free' };
    try {
      this.last = readLock(fs, path);
    } catch {
      // There is a lock, but it cannot be read at the moment; only its last sign of life is known.
      this.last = null;
      return this.judged(UNKNOWN_OWNER, null, facts.modifiedMs, STALE_MS);
    }
    // Its creator was interrupted while writing, or is writing right now.
    if (this.last === null)
      return this.judged(UNKNOWN_OWNER, String(facts.modifiedMs), facts.modifiedMs, HALF_WRITTEN_MS);
    const { owner, beat, modifiedMs } = this.last;
    if (!isElsewhere(owner)) return { kind: livesHere(fs, owner) ? 'alive' : 'dead', owner };
    return this.judged(owner, `${owner.token} ${beat} ${modifiedMs}`, modifiedMs, STALE_MS);
  }

  /** Tells if a lock is the one of the last look, without a beat since. */
  isLast(held: HeldLock | null): boolean {
    return held?.owner.token === this.last?.owner.token && held?.beat === this.last?.beat;
  }

  /** `sign` is null if the lock could not be read. */
  private judged(owner: LockOwner, sign: string | null, modifiedMs: number, limitMs: number): Ownership {
    const sighting = this.sighting(sign, modifiedMs);
    if (sign !== null) this.seen = sighting;
    const { stillMs, isAgeKnown } = sighting;
    if (stillMs >= limitMs) return { kind: 'dead', owner: owner === UNKNOWN_OWNER ? null : owner };
    return { kind: isAgeKnown ? 'alive' : 'unsure', owner };
  }

  private sighting(sign: string | null, modifiedMs: number): Sighting {
    const { seen } = this;
    const at = this.monotonic();
    if (seen !== null && (sign === null ? seen.modifiedMs === modifiedMs : seen.sign === sign))
      return { ...seen, stillMs: seen.stillMs + at - seen.at, at };
    const found = { sign: sign ?? '', modifiedMs, at };
    if (seen !== null && sign !== null) {
      this.beats++;
      return { ...found, stillMs: 0, isAgeKnown: true };
    }
    const now = fileSystemNow(this.fs, this.folder, this.monotonic);
    return { ...found, stillMs: Math.max(0, (now ?? 0) - modifiedMs), isAgeKnown: now !== null };
  }
}

/** The clock of {@link watchOwner}. */
export interface WatchClock {
  readonly monotonic: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
}

/**
 * Watches a run whose owner is on another host for three beats, or until it sees one; returns at
 * once for any other run.
 *
 * The next `look` of the returned watch tells whether the owner is alive.
 */
export async function watchOwner(
  fs: FsPort,
  folder: string,
  { monotonic, wait }: WatchClock = { monotonic: monotonicMs, wait: delay },
): Promise<OwnerWatch> {
  const watch = new OwnerWatch(fs, folder, monotonic);
  const until = monotonic() + STALE_MS;
  for (;;) {
    const ownership = watch.look();
    const isOpenElsewhere = ownership.kind !== 'free' && isElsewhere(ownership.owner);
    if (!isOpenElsewhere || watch.beats > 0 || monotonic() >= until) return watch;
    await wait(LOOK_MS);
  }
}

/** True for an owner that is known to be on another host. */
export const isElsewhere = (owner: LockOwner | null): owner is LockOwner =>
  owner !== null && owner !== UNKNOWN_OWNER && owner.host !== os.hostname();

function livesHere(fs: FsPort, owner: LockOwner): boolean {
  // A failed read (there may be no descriptor left) is not a sign of death.
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

/** Reads the id of the current boot; null if there is no /proc. */
export function bootId(fs: FsPort): string | null {
  return readProc(fs, '/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

/** Reads the start of a process in clock ticks since boot; null if there is no /proc. */
export function startTicks(fs: FsPort, pid: number): number | null {
  // The command in field 2 may hold spaces and brackets; the fields after its last bracket do not.
  const fields = readProc(fs, `/proc/${pid}/stat`)?.split(') ').pop()?.split(' ');
  const ticks = Number(fields?.[19]);
  return Number.isFinite(ticks) && fields !== undefined ? ticks : null;
}

/** Tells if the owner of a run is alive, or may be. */
export const isOwned = ({ kind }: Pick<Ownership, 'kind'>): boolean => kind === 'alive' || kind === 'unsure';

/** Refuses a run whose owner is alive, or may be. @throws {@link ExpmanError} `RUN_LOCKED` */
export function mustNotBeOwned(folder: string, ownership: Ownership): void {
  if (isOwned(ownership)) throw lockedBy(folder, ownership);
}

/**
 * Refuses such a run, and one whose dead owner was on another host: only the user knows if that is
 * gone for good. @throws as {@link mustNotBeOwned}
 */
export function mustHaveEndedHere(folder: string, ownership: Ownership): void {
  mustNotBeOwned(folder, ownership);
  if (ownership.kind === 'dead' && isElsewhere(ownership.owner)) throw lockedBy(folder, ownership);
}

/** Makes the error for a run that another process owns: it names the owner and says what to do. */
export function lockedBy(folder: string, ownership: Ownership): ExpmanError {
  const owner = ownership.kind === 'free' ? null : ownership.owner;
  const who =
    owner === null || owner.host === '' ? 'another process' : `process ${owner.pid} on ${owner.host}`;
  return new ExpmanError('RUN_LOCKED', `${folder} is owned by ${who}${adviceOn(ownership)}`, {
    path: folder,
  });
}

function adviceOn(ownership: Ownership): string {
  const stale = `${STALE_MS / 1000} s`;
  switch (ownership.kind) {
    case 'free':
      return '; try again';
    case 'alive':
      return isElsewhere(ownership.owner)
        ? `, which has written into run.lock in the last ${stale}; wait until it closes the run, or has been silent for ${stale}`
        : '; wait until it closes the run, or end it';
    case 'unsure':
      return `, which may still be running: no file can be written beside run.lock to compare their times; end it on that host, or make the folder writable`;
    case 'dead':
      return isElsewhere(ownership.owner)
        ? `, which has been silent for ${stale}; if it is gone for good, \`expman recover --force\` (in code \`force: true\`) ends the run`
        : '; try again';
    default:
      return ownership satisfies never;
  }
}

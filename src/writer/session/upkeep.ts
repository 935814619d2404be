import { attempt } from '../../model/attempt.js';
import type { FsPort } from '../../storage/fs-port.js';
import { HEARTBEAT_MS, type LockOwner, beatLock } from '../../storage/lock-file.js';
import { ReserveFile } from './reserve-file.js';

const RETRY_MS = 1_000;
/** A run that is over sooner is not worth a reserve: 1,000 of them would make as many files. */
const RESERVE_AFTER_MS = 1_000;

/** Options of an {@link Upkeep}. */
export interface UpkeepOptions {
  readonly fs: FsPort;
  readonly folder: string;
  readonly owner: LockOwner;
  /** See model/monotonic.ts. */
  readonly monotonic: () => number;
  /** Tries again what failed. */
  readonly retry: () => void;
}

/** How a run is doing when its upkeep is due. */
export interface UpkeepFacts {
  readonly isFailing: boolean;
  /** No retry is made and no reserve kept any more. */
  readonly isCompleting: boolean;
  readonly lastedMs: () => number;
}

/** What is done for an open run now and then: heartbeats, retries, and the reserve for a full disk. */
export class Upkeep {
  private readonly reserve: ReserveFile;
  private readonly openedAt: number;
  private lastBeatAt: number;
  private lastRetryAt: number;

  constructor(private readonly options: UpkeepOptions) {
    const { fs, folder, monotonic } = options;
    this.reserve = new ReserveFile(fs, folder);
    this.openedAt = this.lastBeatAt = this.lastRetryAt = monotonic();
  }

  /** Does what is due. */
  beat({ isFailing, isCompleting, lastedMs }: UpkeepFacts): void {
    const now = this.options.monotonic();
    if (isFailing && !isCompleting && now - this.lastRetryAt >= RETRY_MS) {
      this.lastRetryAt = now;
      this.options.retry();
    }
    // A disk that was full gets its reserve back once nothing waits for it any more.
    if (!isFailing && !isCompleting && now - this.openedAt >= RESERVE_AFTER_MS) this.reserve.keep();
    if (now - this.lastBeatAt < HEARTBEAT_MS) return;
    this.lastBeatAt = now;
    const { fs, folder, owner } = this.options;
    attempt(() => beatLock(fs, folder, owner, lastedMs()));
  }

  /** Gives the reserve away: the disk is full, or the run ends. */
  release(): void {
    this.reserve.release();
  }
}

import { attempt } from '../../model/attempt.js';
import type { FsPort } from '../../storage/fs-port.js';
import { HEARTBEAT_MS, type LockOwner, beatLock } from '../../storage/lock-file.js';
import { ReserveFile } from './reserve-file.js';

const RETRY_MS = 1_000;
/** The age from which a run has a reserve: 1,000 shorter runs would make 1,000 files. */
const RESERVE_AFTER_MS = 1_000;

/** Options of an {@link Upkeep}. */
export interface UpkeepOptions {
  readonly fs: FsPort;
  readonly folder: string;
  readonly owner: LockOwner;
  /** See model/monotonic.ts. */
  readonly monotonic: () => number;
  /** Retries failed work. */
  readonly retry: () => void;
}

/** The state of a run when its upkeep is due. */
export interface UpkeepFacts {
  readonly isFailing: boolean;
  /** True if there are no more retries and no reserve is kept. */
  readonly isCompleting: boolean;
  readonly lastedMs: () => number;
}

/** The periodic work for an open run: heartbeats, retries, and the reserve for a full disk. */
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

  /** Does the work that is due. */
  beat({ isFailing, isCompleting, lastedMs }: UpkeepFacts): void {
    const now = this.options.monotonic();
    if (isFailing && !isCompleting && now - this.lastRetryAt >= RETRY_MS) {
      this.lastRetryAt = now;
      this.options.retry();
    }
    // The reserve is restored on a disk that was full once nothing waits for it.
    if (!isFailing && !isCompleting && now - this.openedAt >= RESERVE_AFTER_MS) this.reserve.keep();
    if (now - this.lastBeatAt < HEARTBEAT_MS) return;
    this.lastBeatAt = now;
    const { fs, folder, owner } = this.options;
    attempt(() => beatLock(fs, folder, owner, lastedMs()));
  }

  /** Releases the reserve: the disk is full, or the run ends. */
  release(): void {
    this.reserve.release();
  }
}

import { attempt } from '../../model/attempt.js';
import type { StopRequest } from '../../model/stop-request.js';
import { hasStopFile, readStopRequest, removeStopRequest } from '../../run/stop-file.js';
import type { RunOpening } from '../thread/writer-messages.js';
import type { SessionContext } from './session-context.js';

const LOOK_MS = 500;
/** With many open runs, looking takes no more than some thousandths of the writer's time. */
const LOOK_MS_PER_RUN = 2;

/** Options of a {@link StopWatch}. */
export interface StopWatchOptions {
  readonly opening: RunOpening;
  readonly context: SessionContext;
  /** Called once, with the first request for this owner. */
  readonly onRequest: (request: StopRequest) => void;
}

/** Looks for a request to end an open run. */
export class StopWatch {
  private lastLookAt = -Infinity;
  private isRequested = false;

  constructor(private readonly options: StopWatchOptions) {
    const { opening, context } = options;
    // A writer that takes over within a session may find one for this very owner.
    if (opening.resumes || !opening.continues) this.removeOthers(context);
  }

  /** Looks, when due: one call to the file system. */
  look(): void {
    const { opening, context, onRequest } = this.options;
    const now = context.monotonic();
    const intervalMs = Math.max(LOOK_MS, LOOK_MS_PER_RUN * context.openRuns());
    if (this.isRequested || now - this.lastLookAt < intervalMs) return;
    this.lastLookAt = now;
    attempt(() => {
      if (!hasStopFile(context.fs, opening.folder)) return;
      const request = this.read(context);
      if (request === null) return;
      this.isRequested = true;
      onRequest(request);
    });
  }

  /** Removes what earlier owners have left; one that was made for this owner meanwhile stays. */
  private removeOthers(context: SessionContext): void {
    const { fs } = context;
    const { folder } = this.options.opening;
    attempt(() => {
      if (hasStopFile(fs, folder) && this.read(context) === null) removeStopRequest(fs, folder);
    });
  }

  private read({ fs }: SessionContext): StopRequest | null {
    const { folder, identity, owner } = this.options.opening;
    return readStopRequest(fs, folder, { uuid: identity.uuid, epoch: owner.epoch });
  }
}

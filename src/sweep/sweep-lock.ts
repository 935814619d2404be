import type { FsPort } from '../storage/fs-port.js';
import { type LockOwner, keepBeating } from '../storage/lock-file.js';
import { OwnerWatch, mustNotBeOwned } from '../storage/owner-watch.js';
import { releaseLock, takeLock } from '../storage/run-lock.js';

/** The lock of a sweep's folder, which shows other hosts that its owner is alive. */
export interface SweepLock {
  readonly owner: LockOwner;
  /** Gives the folder back. */
  release(): void;
}

/** Takes the lock of a sweep's folder. @throws ExpmanError `RUN_LOCKED` */
export function takeSweepLock(fs: FsPort, folder: string): SweepLock {
  const watch = new OwnerWatch(fs, folder);
  const ownership = watch.look();
  mustNotBeOwned(folder, ownership);
  const epoch = (ownership.kind === 'dead' ? (ownership.owner?.epoch ?? 0) : 0) + 1;
  const owner = takeLock(fs, folder, epoch, { watch });
  const beating = keepBeating(fs, folder, owner);
  return {
    owner,
    release: () => {
      clearInterval(beating);
      releaseLock(fs, folder, owner);
    },
  };
}

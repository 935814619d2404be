import { join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import { RunStatus } from '../../model/run-status.js';
import { RUN_NAME } from '../../run/file-names.js';
import { type KnownRun, nextEpoch, readIdentity } from '../../run/identity.js';
import { segmentNames } from '../../run/replay/segment-files.js';
import type { LockOwner } from '../../storage/lock-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { OwnerWatch, lockedBy, mustHaveEndedHere, readOwnership } from '../../storage/owner-watch.js';
import { releaseLock, takeLock } from '../../storage/run-lock.js';
import { recoverRun } from '../../writer/recovery/recover-run.js';

/** A closed run whose lock this process holds, so that nobody can open it. */
export interface HeldRun {
  readonly owner: LockOwner;
  readonly known: KnownRun;
  /** True if the run was cut off and has been recovered first. */
  readonly recovered: boolean;
}

/**
 * Reads the run in a folder that must be one: not a link, with a `run.yaml`, and without an owner
 * that is or may be alive.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `INVALID_VALUE` for a link, `RUN_LOCKED`, `CORRUPT`,
 * `UNSAFE_YAML`, `UNSUPPORTED_VERSION`, `IO`
 */
export function readClosedRun(runDir: string): KnownRun {
  const kind = nodeFs.stat(runDir)?.kind ?? null;
  if (kind === 'link')
    throw new ExpmanError(
      'INVALID_VALUE',
      `${runDir} is a link; give the path of the folder that it leads to`,
      {
        path: runDir,
      },
    );
  if (kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${runDir}`, { path: runDir });
  const runFile = nodeFs.stat(join(runDir, RUN_NAME))?.kind ?? 'file';
  if (runFile !== 'file')
    throw new ExpmanError('CORRUPT', `${join(runDir, RUN_NAME)} is a ${runFile}, not a file`, {
      path: runDir,
    });
  mustHaveEndedHere(runDir, readOwnership(nodeFs, runDir));
  return readIdentity(nodeFs, runDir);
}

/**
 * Takes the lock of a run that is to be moved or deleted. One that was cut off is recovered first:
 * what only its lock and its log know must not depend on its place.
 *
 * @throws {@link ExpmanError} as {@link readClosedRun}, and as `recoverRun`
 */
export async function holdRun(runDir: string): Promise<HeldRun> {
  const recovered = isCutOff(runDir, readClosedRun(runDir));
  if (recovered) await recoverRun(nodeFs, runDir);
  const watch = new OwnerWatch(nodeFs, runDir);
  mustHaveEndedHere(runDir, watch.look());
  const epoch = nextEpoch(nodeFs, runDir, readIdentity(nodeFs, runDir));
  const owner = takeLock(nodeFs, runDir, epoch, { ends: true, watch });
  try {
    // Another process may have opened and left it before the lock was taken.
    const known = readIdentity(nodeFs, runDir);
    if (known.status === RunStatus.Running || segmentNames(nodeFs, runDir).length > 0)
      throw lockedBy(runDir, { kind: 'free' });
    return { owner, known, recovered };
  } catch (error) {
    releaseLock(nodeFs, runDir, owner);
    throw error;
  }
}

/** Tells if a run was cut off, and is yet to be recovered. */
function isCutOff(runDir: string, { status }: KnownRun): boolean {
  if (status === RunStatus.Running || segmentNames(nodeFs, runDir).length > 0) return true;
  const ownership = readOwnership(nodeFs, runDir);
  // One that only amended, moved or copied the closed run has left nothing to recover.
  return ownership.kind === 'dead' && ownership.owner?.ends !== true;
}

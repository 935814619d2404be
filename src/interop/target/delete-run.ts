import { lstatSync } from 'node:fs';
import { ExpmanError } from '../../model/errors.js';
import { readIdentity } from '../../run/identity.js';
import { nodeFs } from '../../storage/node-fs.js';
import { OwnerWatch, mustHaveEndedHere } from '../../storage/owner-watch.js';
import { releaseLock, takeLock } from '../../storage/run-lock.js';
import { hideRun, removeHidden } from './hidden-folders.js';

/**
 * Deletes the folder of a run, which must be a folder and not a link, and still hold the run of that
 * uuid, without an owner.
 *
 * The folder is hidden first, so that one that cannot be deleted completely no longer looks like a
 * run.
 *
 * @param check - called while nobody can open the run; throws if it must not be deleted
 * @throws {@link ExpmanError} `INVALID_VALUE`, `RUN_LOCKED`, `RUN_NOT_FOUND`, `CORRUPT`; errors of
 * `check` and of the file system
 */
export function deleteClosedRun(runDir: string, uuid: string, check: () => void = () => undefined): void {
  if (!lstatSync(runDir).isDirectory())
    throw new ExpmanError('INVALID_VALUE', `${runDir} is not a folder`, { path: runDir });
  const watch = new OwnerWatch(nodeFs, runDir);
  const ownership = watch.look();
  mustHaveEndedHere(runDir, ownership);
  // The lock of a dead owner keeps others away as well as ours would.
  const owner = ownership.kind === 'free' ? takeLock(nodeFs, runDir, 0, { watch, ends: true }) : null;
  let hidden: string;
  try {
    if (readIdentity(nodeFs, runDir).identity.uuid !== uuid)
      throw new ExpmanError('INVALID_VALUE', `${runDir} now holds another run`, { path: runDir });
    check();
    hidden = hideRun(runDir);
  } catch (error) {
    if (owner !== null) releaseLock(nodeFs, runDir, owner);
    throw error;
  }
  removeHidden(hidden, owner);
}

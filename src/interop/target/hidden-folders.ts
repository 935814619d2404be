import { rmSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { isTempName, tempName } from '../../storage/atomic-file.js';
import { LOCK_NAME, type LockOwner } from '../../storage/lock-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { OwnerWatch, mustHaveEndedHere, readOwnership } from '../../storage/owner-watch.js';
import { releaseLock, takeLock } from '../../storage/run-lock.js';
import { kindAt, namesIn } from '../source/source-files.js';

/**
 * Hides a run that nobody can open, by renaming its folder: no reader sees it any more.
 *
 * @returns the hidden folder, for {@link removeHidden}
 * @throws errors of the file system; then the run is as it was
 */
export function hideRun(runDir: string): string {
  const hidden = join(dirname(runDir), tempName(basename(runDir)));
  nodeFs.rename(runDir, hidden);
  attempt(() => {
    nodeFs.syncFolder(dirname(runDir));
  });
  return hidden;
}

/**
 * Deletes a hidden folder; links in it are not followed.
 *
 * The lock goes last: as long as anything is left, it says that the process deleting it is gone.
 *
 * @param owner - this process, if it holds the lock; null for a folder with the lock of a dead owner
 *
 * @throws errors of the file system
 */
export function removeHidden(hidden: string, owner: LockOwner | null): void {
  for (const name of nodeFs.list(hidden))
    if (name !== LOCK_NAME) rmSync(join(hidden, name), { recursive: true, force: true });
  if (owner !== null) releaseLock(nodeFs, hidden, owner);
  else rmSync(join(hidden, LOCK_NAME), { force: true });
  // Fails if another process has started in it since.
  rmdirSync(hidden);
}

/**
 * Lists the hidden folders, in a folder of experiments or in one of them, that a process which died
 * has left: of runs that it was writing, copying or deleting.
 */
export function deadHiddenFolders(dir: string): string[] {
  const hiddenIn = (folder: string): string[] =>
    foldersNamed(folder, isTempName).filter((path) => readOwnership(nodeFs, path).kind === 'dead');
  return [dir, ...foldersNamed(dir, (name) => !isTempName(name))].flatMap(hiddenIn).sort();
}

const foldersNamed = (folder: string, is: (name: string) => boolean): string[] =>
  namesIn(folder)
    .filter(is)
    .map((name) => join(folder, name))
    .filter((path) => kindAt(path) === 'folder');

/**
 * Deletes the hidden folders in an experiment that a process of this host has left when it died;
 * what cannot be deleted stays.
 */
export function removeDeadHiddenFolders(experimentFolder: string): void {
  for (const path of foldersNamed(experimentFolder, isTempName))
    attempt(() => {
      const watch = new OwnerWatch(nodeFs, path);
      const ownership = watch.look();
      mustHaveEndedHere(path, ownership);
      if (ownership.kind === 'dead') removeHidden(path, takeLock(nodeFs, path, 0, { watch, ends: true }));
      // Only an empty one: its process was killed as the last step, or is about to take the lock,
      // and then makes it again.
      else rmdirSync(path);
    });
}

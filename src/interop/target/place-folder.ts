import { rmdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { ExpmanError } from '../../model/errors.js';
import { type RunName, suffixedName } from '../../model/names.js';
import { monotonicMs } from '../../model/monotonic.js';
import { fileSystemNow } from '../../storage/file-system-time.js';
import { isMade } from '../../storage/make-folders.js';
import { nodeFs } from '../../storage/node-fs.js';

/** The longest time a process takes from creating a run's folder to its first file. */
const FILLING_MS = 1_000;
const LOOK_AGAIN_MS = 10;

/**
 * Claims a path for a folder by creating it empty; false if something is there.
 *
 * @throws errors of the file system
 */
export const claimFolder = async (path: string): Promise<boolean> =>
  (await isFree(path)) && isMade(nodeFs, path);

/** @bound refuses: RUN_EXISTS */
const MAX_SUFFIX = 10_000;

/**
 * Claims a name for a run in an experiment, or the first free one with a number appended, by
 * creating its folder.
 *
 * @throws {@link ExpmanError} `RUN_EXISTS`; errors of the file system
 */
export async function claimName(
  experimentFolder: string,
  run: RunName,
  whenTaken: 'fail' | 'suffix',
): Promise<RunName> {
  const tryName = async (name: RunName): Promise<RunName | null> =>
    (await claimFolder(join(experimentFolder, name))) ? name : null;
  return firstFree(experimentFolder, run, whenTaken, tryName);
}

/**
 * Tries a name for a run in an experiment, or this one and those with a number appended, until one
 * of them is free: then `tryName` returns something.
 *
 * @throws {@link ExpmanError} `RUN_EXISTS`, and errors of `tryName`
 */
export async function firstFree<T>(
  experimentFolder: string,
  run: RunName,
  whenTaken: 'fail' | 'suffix',
  tryName: (name: RunName) => Promise<T | null>,
): Promise<T> {
  for (let n = 1; n <= (whenTaken === 'fail' ? 1 : MAX_SUFFIX); n++) {
    const got = await tryName(n === 1 ? run : suffixedName(run, n));
    if (got !== null) return got;
  }
  throw runExists(join(experimentFolder, run));
}

/**
 * Checks that nothing is in the place of a new run.
 *
 * @throws {@link ExpmanError} `RUN_EXISTS`
 */
export function mustBeFree(runDir: string): void {
  // An empty folder may be the claim of a process that was killed.
  if (nodeFs.stat(runDir) !== null && !isEmptyFolder(runDir)) throw runExists(runDir);
}

/** Makes the error for a run's name that is taken. */
export const runExists = (runDir: string): ExpmanError =>
  new ExpmanError('RUN_EXISTS', `the run ${runDir} already exists; choose another name`, { path: runDir });

/**
 * True if nothing is at a path. Waits for an empty folder there, for a second at most: its owner is
 * about to fill it, or was killed before it could, and then the folder is removed.
 */
export async function isFree(path: string): Promise<boolean> {
  const until = monotonicMs() + FILLING_MS;
  while (isEmptyFolder(path) && !isOld(path) && monotonicMs() < until) await delay(LOOK_AGAIN_MS);
  if (isEmptyFolder(path)) attempt(() => rmdirSync(path));
  return nodeFs.stat(path) === null;
}

/**
 * Moves a folder, whose content is synced, to a claimed path. On failure the folder is where it was
 * and the claim is released, also if only the sync failed: a caller that is refused must find
 * nothing there, and one that goes on to delete what it copied needs a name that lasts.
 *
 * @throws errors of the file system
 */
export function moveToClaim(from: string, claimed: string): void {
  try {
    if (process.platform === 'win32') rmdirSync(claimed); // Windows does not replace folders, not even empty ones.
    nodeFs.rename(from, claimed);
  } catch (error) {
    attempt(() => rmdirSync(claimed));
    throw error;
  }
  try {
    nodeFs.syncFolder(dirname(claimed));
  } catch (error) {
    attempt(() => {
      nodeFs.rename(claimed, from);
    });
    throw error;
  }
}

/** Tells if there is a folder without anything in it. */
export const isEmptyFolder = (path: string): boolean =>
  nodeFs.stat(path)?.kind === 'folder' && nodeFs.list(path).length === 0;

function isOld(path: string): boolean {
  const madeMs = nodeFs.stat(path)?.modifiedMs ?? 0;
  return (fileSystemNow(nodeFs, dirname(path)) ?? 0) - madeMs >= FILLING_MS;
}

import { basename, dirname, join, relative, sep } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { ExpmanError } from '../../model/errors.js';
import { type ExperimentName, type RunName, parseName } from '../../model/names.js';
import { callback, oneOf, path, resolvePath, rule } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';
import { nodeFs } from '../../storage/node-fs.js';
import { releaseLock } from '../../storage/run-lock.js';
import type { Destination } from '../target/draft-run.js';
import { checkExperimentFolder } from '../target/experiment-folder.js';
import { hideRun, removeHidden } from '../target/hidden-folders.js';
import { isEmptyFolder, runExists } from '../target/place-folder.js';
import { copyToPlace, isSameRun } from './copy-to-place.js';
import { holdRun, readClosedRun } from './held-run.js';
import { inReadyExperiment } from './in-ready-experiment.js';
import { renameRunTo } from './rename-run-to.js';
import { mustNotLeaveForks, takeParentAlong } from './take-parent.js';
import { mustNotBeTrial, mustNotPassForTrial } from './trials.js';

/** The place of a run that is moved or copied; what is not given stays as it is. */
export interface PlaceOptions {
  /** The name of the experiment; a new one is made. */
  readonly experiment?: string | undefined;
  /** The folder of experiments. */
  readonly dir?: string | undefined;
  /** The name of the run. */
  readonly runName?: string | undefined;
  /**
   * The action if a run of that name exists: `fail` (the default), or append a number to the name.
   */
  readonly whenTaken?: 'fail' | 'suffix' | undefined;
  /** Called with the bytes copied so far; never where a rename does. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** The result of moving a run. */
export interface MovedRun {
  /** The folder in which the run was. */
  readonly from: string;
  readonly runDir: string;
  readonly experiment: string;
  readonly run: string;
  /** 32 hex digits, the same as before. */
  readonly uuid: string;
  /** True if the run was cut off, and was recovered before it was moved. */
  readonly recovered: boolean;
  /** True if it was copied and deleted, because the place is on another file system. */
  readonly copied: boolean;
}

/** The rules of {@link PlaceOptions}. */
export const PLACE_OPTIONS = optionsTable<PlaceOptions>()({
  experiment: rule<string, ExperimentName>('a name', (value) => parseName('experiment', value)),
  dir: path(),
  runName: rule<string, RunName>('a name', (value) => parseName('run', value)),
  whenTaken: oneOf('fail', 'suffix').byDefault('fail'),
  onBytes: callback<(bytes: number) => void>().orNull(),
});

/** Checked {@link PlaceOptions}. */
export type Place = ResolvedBy<typeof PLACE_OPTIONS>;

/**
 * Moves a closed run to another experiment, to another folder of experiments, or to another name:
 * the whole run or nothing. The run keeps its uuid.
 *
 * Within a file system it is a rename. Otherwise the run is copied into a hidden folder, every byte
 * is synced and compared, the copy gets its name by a rename, and only then is the original hidden
 * and deleted; if the process is killed between the two, the run is in both places, `expman doctor`
 * says so, and the same call finishes the move. A run that was cut off is recovered first.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `RUN_LOCKED` while the run's owner is or may be
 * alive, `RUN_EXISTS`, `INVALID_NAME`, `INVALID_OPTION` for a place that cannot hold the run,
 * `INVALID_VALUE` for a trial of a sweep, for a link, for a run from which one that stays in another
 * folder of experiments was forked, and for one that holds links and would have to be copied;
 * `CORRUPT`, `IO`, and the errors of `recoverRun`
 * @example
 * await moveRun('./experiments/scratch/20260101_120000', { experiment: 'digits', runName: 'baseline' });
 */
export async function moveRun(runDir: string, options: PlaceOptions): Promise<MovedRun> {
  const from = resolvePath('runDir', runDir);
  const place = PLACE_OPTIONS.resolve(options);
  const to = planMove(from, place);
  return inReadyExperiment(from, to, [dirname(from)], () => moveTo(from, to, place));
}

/**
 * Gives a closed run another name within its experiment, as {@link moveRun} does.
 *
 * @throws as {@link moveRun}
 * @example
 * await renameRun('./experiments/digits/20260101_120000', 'baseline');
 */
export function renameRun(runDir: string, name: string): Promise<MovedRun> {
  return moveRun(runDir, { runName: name });
}

/**
 * Checks a move without changing anything, and returns where it leads.
 *
 * @throws as {@link moveRun}
 */
export function planMove(from: string, place: Place): Destination {
  const { uuid } = readClosedRun(from).identity;
  mustNotBeTrial(from);
  const to = destinationOf(from, place);
  mustNotLeaveForks(from, to.dir);
  const target = join(to.dir, to.experiment, to.run);
  if (target === from)
    throw new ExpmanError(
      'INVALID_OPTION',
      `${from} is in that place already; name another experiment or another run`,
      {
        option: 'experiment',
        rule: 'another place than that of the run',
        value: to.experiment,
        path: from,
      },
    );
  if (place.whenTaken === 'fail' && isTakenByAnother(target, uuid)) throw runExists(target);
  return to;
}

/**
 * Returns the place for a run, with what is not given taken from where it is.
 *
 * @throws {@link ExpmanError} `INVALID_NAME`, `INVALID_OPTION`, `IO`
 */
export function destinationOf(from: string, { experiment, dir, runName }: Place): Destination {
  const to: Destination = {
    dir: dir ?? dirname(dirname(from)),
    experiment: experiment ?? parseName('experiment', basename(dirname(from))),
    run: runName ?? parseName('run', basename(from)),
  };
  const [first] = relative(from, to.dir).split(sep);
  if (first !== '..')
    throw new ExpmanError('INVALID_OPTION', `${to.dir} lies in the run ${from}, so it cannot hold it`, {
      option: 'dir',
      rule: 'a folder outside the run',
      value: to.dir,
      path: from,
    });
  checkExperimentFolder(to.dir, to.experiment);
  mustNotPassForTrial(to.dir, to.experiment, to.run);
  return to;
}

/** False for a free name, and for what may be the same run, left by a move that was killed. */
function isTakenByAnother(target: string, uuid: string): boolean {
  const facts = nodeFs.stat(target);
  if (facts === null) return false;
  if (facts.kind !== 'folder') return true;
  // An empty folder may be the claim of a process that was killed.
  if (isEmptyFolder(target)) return false;
  try {
    return readClosedRun(target).identity.uuid !== uuid;
  } catch {
    return true;
  }
}

async function moveTo(from: string, to: Destination, place: Place): Promise<MovedRun> {
  const target = join(to.dir, to.experiment, to.run);
  const { owner, known, recovered } = await holdRun(from);
  const { file, identity } = known;
  const moved = { from, experiment: to.experiment, uuid: identity.uuid, recovered };
  // Where the lock is to be released: the folder may be renamed with it.
  const locked = { at: from, isHidden: false };
  const removeOriginal = (): void => {
    locked.at = hideRun(from);
    locked.isHidden = true;
    attempt(() => removeHidden(locked.at, owner));
  };
  try {
    if (nodeFs.stat(target) !== null && (await isSameRun(from, target))) {
      removeOriginal();
      return { ...moved, runDir: target, run: to.run, copied: true };
    }
    takeParentAlong(from, to.dir, from);
    const renamed = await renameRunTo(from, to, place.whenTaken, file);
    if (renamed !== null) {
      locked.at = join(to.dir, to.experiment, renamed);
      return { ...moved, runDir: locked.at, run: renamed, copied: false };
    }
    const run = await copyToPlace(from, to, place);
    removeOriginal();
    return { ...moved, runDir: join(to.dir, to.experiment, run), run, copied: true };
  } finally {
    // What could not be deleted keeps the lock, by which `expman doctor` finds it.
    if (!locked.isHidden) attempt(() => releaseLock(nodeFs, locked.at, owner));
  }
}

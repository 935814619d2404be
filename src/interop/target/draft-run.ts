import { copyFileSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attempt } from '../../model/attempt.js';
import { ExpmanError, errnoOf } from '../../model/errors.js';
import { monotonicMs } from '../../model/monotonic.js';
import type { ExperimentName, RunName } from '../../model/names.js';
import { draftName, isTempName } from '../../storage/atomic-file.js';
import { HEARTBEAT_MS, LOCK_NAME, type LockOwner, beatLock, readLock } from '../../storage/lock-file.js';
import { isMade, makeFolders } from '../../storage/make-folders.js';
import { nodeFs } from '../../storage/node-fs.js';
import { OwnerWatch, mustHaveEndedHere, readOwnership } from '../../storage/owner-watch.js';
import { holdsLock, releaseLock, takeLock } from '../../storage/run-lock.js';
import { EXPERIMENT_NAME } from '../archive/archive-names.js';
import { kindAt, namesIn, systemError } from '../source/source-files.js';
import { claimFolder, isFree, moveToClaim } from './place-folder.js';

/** Longer than a lock that was cut off while it was written counts as one that is being written. */
const LOCKING_MS = 2_000;
const LOOK_AGAIN_MS = 20;

/** The place of a run that is written here: a folder of experiments, an experiment, a name. */
export interface Destination {
  /** The folder of experiments. */
  readonly dir: string;
  readonly experiment: ExperimentName;
  readonly run: RunName;
}

/**
 * A run that is written in a hidden folder of its experiment and gets its name when it is whole: until then no reader sees it.
 *
 * The folder's name follows from the run's, and its lock says who writes: two processes never write a run of one name, and what one
 * that was killed has left is removed by the next that writes a run of that name.
 */
export class DraftRun {
  private readonly beats: NodeJS.Timeout;

  /**
   * Begins a run; null when there is a run of that name, or another process writes one.
   *
   * @throws {@link ExpmanError} `IO`
   */
  static async begin(to: Destination): Promise<DraftRun | null> {
    const experiment = join(to.dir, to.experiment);
    const runDir = join(experiment, to.run);
    try {
      const folder = join(experiment, draftName(to.run));
      // A draft that is there may be all that is left of one whose run has its place.
      if (nodeFs.stat(folder) === null && !(await isFree(runDir))) return null;
      makeFolders(nodeFs, experiment);
      const owner = await ownFolder(folder);
      if (owner === null) return null;
      const draft = new DraftRun(to, folder, owner);
      try {
        draft.empty();
        draft.describe();
        // Another process may have placed a run of that name before it let go of the folder.
        if (await isFree(runDir)) return draft;
      } catch (error) {
        draft.discard();
        throw error;
      }
      draft.discard();
      return null;
    } catch (error) {
      throw systemError(error, runDir) ?? error;
    }
  }

  private constructor(
    private readonly to: Destination,
    /** The folder of experiments that the run is to be opened in. */
    readonly baseDir: string,
    private readonly owner: LockOwner,
  ) {
    // For those who look from another host.
    this.beats = setInterval(() => {
      attempt(() => {
        beatLock(nodeFs, baseDir, owner, 0);
      });
    }, HEARTBEAT_MS).unref();
  }

  /** The name that it gets. */
  get run(): RunName {
    return this.to.run;
  }

  /** The run's folder once it has its place. */
  get runDir(): string {
    return join(this.to.dir, this.to.experiment, this.to.run);
  }

  /** Gives the run its name, and an experiment that has no description its own. @throws {@link ExpmanError} `RUN_EXISTS`, `IO` */
  async place(): Promise<void> {
    const { experiment, run } = this.to;
    try {
      if (!(await claimFolder(this.runDir)))
        throw new ExpmanError('RUN_EXISTS', `${this.runDir} was made by another process meanwhile`, {
          path: this.runDir,
        });
      attempt(() => {
        if (nodeFs.stat(this.about.placed) === null) nodeFs.rename(this.about.drafted, this.about.placed);
      });
      moveToClaim(join(this.baseDir, experiment, run), this.runDir);
    } catch (error) {
      throw systemError(error, this.runDir) ?? error;
    }
  }

  /** Removes the hidden folder, as far as the file system lets it. */
  discard(): void {
    clearInterval(this.beats);
    attempt(() => {
      if (!holdsLock(nodeFs, this.baseDir, this.owner)) return;
      this.empty();
      releaseLock(nodeFs, this.baseDir, this.owner);
      // Fails when another process has begun in it since.
      rmdirSync(this.baseDir);
    });
  }

  /** What the experiment says of itself, there and here. */
  private get about(): { readonly placed: string; readonly drafted: string } {
    const { dir, experiment } = this.to;
    return {
      placed: join(dir, experiment, EXPERIMENT_NAME),
      drafted: join(this.baseDir, experiment, EXPERIMENT_NAME),
    };
  }

  /** Spares the engine, and the disk, a description of an experiment that has one. */
  private describe(): void {
    const { placed, drafted } = this.about;
    if (kindAt(placed) !== 'file') return;
    attempt(() => {
      isMade(nodeFs, dirname(drafted));
      copyFileSync(placed, drafted);
    });
  }

  private empty(): void {
    for (const name of nodeFs.list(this.baseDir))
      if (name !== LOCK_NAME) rmSync(join(this.baseDir, name), { recursive: true, force: true });
  }
}

/** The hidden folders, in a folder of experiments or in one of them, of runs whose writer died before they were whole. */
export function deadDrafts(dir: string): string[] {
  const drafts = (folder: string): string[] =>
    foldersNamed(folder, isTempName).filter((path) => readOwnership(nodeFs, path).kind === 'dead');
  return [dir, ...foldersNamed(dir, (name) => !isTempName(name))].flatMap(drafts).sort();
}

const foldersNamed = (folder: string, is: (name: string) => boolean): string[] =>
  namesIn(folder)
    .filter(is)
    .map((name) => join(folder, name))
    .filter((path) => kindAt(path) === 'folder');

/** Makes a hidden folder, or finds the one of a writer that died, and takes its lock; null while another process has it. */
async function ownFolder(folder: string): Promise<LockOwner | null> {
  const watch = new OwnerWatch(nodeFs, folder);
  const until = monotonicMs() + LOCKING_MS;
  do {
    isMade(nodeFs, folder);
    const kind = nodeFs.stat(folder)?.kind ?? 'folder';
    // A link leads to what is somebody else's.
    if (kind !== 'folder') return null;
    try {
      mustHaveEndedHere(folder, watch.look());
      return takeLock(nodeFs, folder, 0, { watch });
    } catch (error) {
      const isLocked = error instanceof ExpmanError && error.code === 'RUN_LOCKED';
      if (isLocked && !isHalfWritten(folder)) return null;
      // ENOENT: the one that had it has removed it this moment.
      if (!isLocked && errnoOf(error) !== 'ENOENT') throw error;
    }
    await delay(LOOK_AGAIN_MS);
  } while (monotonicMs() < until);
  return null;
}

/** Its maker is writing the lock this moment, or was killed while it did; the next looks tell. */
const isHalfWritten = (folder: string): boolean => readLock(nodeFs, join(folder, LOCK_NAME)) === null;

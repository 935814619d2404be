import { copyFileSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attempt } from '../../model/attempt.js';
import { ExpmanError, errnoOf } from '../../model/errors.js';
import { monotonicMs } from '../../model/monotonic.js';
import type { ExperimentName, RunName } from '../../model/names.js';
import { EXPERIMENT_NAME } from '../../run/file-names.js';
import { draftName } from '../../storage/atomic-file.js';
import { LOCK_NAME, type LockOwner, keepBeating, readLock } from '../../storage/lock-file.js';
import { isMade, makeFolders } from '../../storage/make-folders.js';
import { nodeFs, privateFs, umaskFs } from '../../storage/node-fs.js';
import { OwnerWatch, mustHaveEndedHere } from '../../storage/owner-watch.js';
import { holdsLock, releaseLock, takeLock } from '../../storage/run-lock.js';
import { kindAt, systemError } from '../source/source-files.js';
import { claimFolder, isFree, moveToClaim } from './place-folder.js';

/** A lock file that is incomplete for longer than this was cut off, rather than being written. */
const LOCKING_MS = 2_000;
const LOOK_AGAIN_MS = 20;

/** The place of a new run: a folder of experiments, an experiment, a name. */
export interface Destination {
  /** The folder of experiments. */
  readonly dir: string;
  readonly experiment: ExperimentName;
  readonly run: RunName;
}

/**
 * A run that is written in a hidden folder of its experiment and renamed once it is complete: until
 * then no reader sees it.
 *
 * The folder's name is derived from the run's, and its lock states the writer: two processes never
 * write a run of the same name, and the remains of a killed one are removed by the next that writes
 * a run of that name.
 */
export class DraftRun {
  private readonly beats: NodeJS.Timeout;

  /**
   * Begins a run; null if there is a run of that name, or another process is writing one.
   *
   * @throws {@link ExpmanError} `IO`
   */
  static async begin(to: Destination): Promise<DraftRun | null> {
    const experiment = join(to.dir, to.experiment);
    const runDir = join(experiment, to.run);
    try {
      const folder = join(experiment, draftName(to.run));
      // An existing draft may be what is left of one whose run has been placed.
      if (nodeFs.stat(folder) === null && !(await isFree(runDir))) return null;
      makeFolders(umaskFs, experiment);
      const owner = await ownFolder(folder);
      if (owner === null) return null;
      const draft = new DraftRun(to, folder, owner);
      try {
        draft.empty();
        draft.describe();
        // Another process may have placed a run of that name before it released the folder.
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
    /** The folder of experiments in which the run is to be opened. */
    readonly baseDir: string,
    private readonly owner: LockOwner,
  ) {
    // For observers on another host.
    this.beats = keepBeating(nodeFs, baseDir, owner);
  }

  /** The name of the run. */
  get run(): RunName {
    return this.to.run;
  }

  /** The run's folder once it is placed. */
  get runDir(): string {
    return join(this.to.dir, this.to.experiment, this.to.run);
  }

  /**
   * Gives the run its name, and the experiment its description if it has none.
   *
   * @throws {@link ExpmanError} `RUN_EXISTS`, `IO`
   */
  async place(): Promise<void> {
    const { experiment, run } = this.to;
    try {
      if (!(await claimFolder(this.runDir)))
        throw new ExpmanError('RUN_EXISTS', `${this.runDir} was created by another process in the meantime`, {
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

  /** Removes the hidden folder, as far as the file system allows. */
  discard(): void {
    clearInterval(this.beats);
    attempt(() => {
      if (!holdsLock(nodeFs, this.baseDir, this.owner)) return;
      this.empty();
      releaseLock(nodeFs, this.baseDir, this.owner);
      // Fails if another process has started in it since.
      rmdirSync(this.baseDir);
    });
  }

  /** The paths of the experiment's description, in its place and in the draft. */
  private get about(): { readonly placed: string; readonly drafted: string } {
    const { dir, experiment } = this.to;
    return {
      placed: join(dir, experiment, EXPERIMENT_NAME),
      drafted: join(this.baseDir, experiment, EXPERIMENT_NAME),
    };
  }

  /** Copies an existing description of the experiment, so that the engine need not write one. */
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

/**
 * Creates a hidden folder, or takes over that of a writer that died, and takes its lock; null while
 * another process has it.
 */
async function ownFolder(folder: string): Promise<LockOwner | null> {
  const watch = new OwnerWatch(nodeFs, folder);
  const until = monotonicMs() + LOCKING_MS;
  do {
    isMade(privateFs, folder);
    const kind = nodeFs.stat(folder)?.kind ?? 'folder';
    // A link leads to a folder of somebody else.
    if (kind !== 'folder') return null;
    try {
      mustHaveEndedHere(folder, watch.look());
      return takeLock(nodeFs, folder, 0, { watch });
    } catch (error) {
      const isLocked = error instanceof ExpmanError && error.code === 'RUN_LOCKED';
      if (isLocked && !isHalfWritten(folder)) return null;
      // ENOENT: its previous owner has just removed it.
      if (!isLocked && errnoOf(error) !== 'ENOENT') throw error;
    }
    await delay(LOOK_AGAIN_MS);
  } while (monotonicMs() < until);
  return null;
}

/**
 * True if its owner is writing the lock right now, or was killed while doing so; later checks will
 * tell.
 */
const isHalfWritten = (folder: string): boolean => readLock(nodeFs, join(folder, LOCK_NAME)) === null;

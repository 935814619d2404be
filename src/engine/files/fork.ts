import { basename, dirname, join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { ExpmanError } from '../../model/errors.js';
import type { ExperimentConfig } from '../../model/experiment-config.js';
import { invalidOption } from '../../model/option-rules.js';
import { MAX_GENERATIONS, PARENT_FOLDER, type RunParent, parentText } from '../../model/run-parent.js';
import type { Step } from '../../model/step.js';
import { CONFIG_NAME, RUN_NAME } from '../../run/file-names.js';
import { readIdentity } from '../../run/identity.js';
import { lastStepIn } from '../../run/last-step.js';
import { findParent } from '../../run/lineage.js';
import { segmentNames } from '../../run/replay/segment-files.js';
import { draftName, openIfThere } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { makeFolders } from '../../storage/make-folders.js';
import { METRICS_NAME } from '../../storage/metrics-file.js';
import { piecesOf } from '../../storage/pieces.js';
import { removeTree } from '../../storage/remove-tree.js';
import { writeAll } from '../../storage/write-all.js';

/** A fork that is about to begin. */
export interface NewFork {
  readonly parent: RunParent;
  /** Copies what the fork needs into its folder, unless readers will find the parent itself. */
  readonly prepare: (folder: string) => void;
}

/**
 * Looks at the run that a new run is forked from; null for a run that is no fork.
 *
 * @throws ExpmanError `RUN_NOT_FOUND`, `CORRUPT`, `IO`; `INVALID_OPTION` for a step that the parent
 * does not have yet
 */
export function forkOf(fs: FsPort, { baseDir, fork }: ExperimentConfig): NewFork | null {
  if (fork === undefined) return null;
  const { from, step } = fork;
  if (fs.stat(from)?.kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no run ${from} to fork`, { path: from });
  const { identity } = readIdentity(fs, from);
  const { uuid, epoch } = identity;
  const last = greatest(lastStepIn(fs, from, uuid, null), identity.parent?.step ?? null);
  if (last === null || step > last)
    throw invalidOption(
      'fork.step',
      last === null
        ? 'the step of a row, and the run that is forked has none yet'
        : `at most ${last}, the last step of ${from}`,
      step,
    );
  const parent: RunParent = { uuid, experiment: basename(dirname(from)), run: basename(from), step, epoch };
  return {
    parent,
    prepare: (folder) => {
      removeTree(fs, join(folder, PARENT_FOLDER));
      if (findParent(fs, baseDir, folder, parent) === null) copyParent(fs, from, folder);
    },
  };
}

/**
 * Checks that a run that is continued was forked as its options say, if they say so.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function mustBeForkedFrom(
  fs: FsPort,
  folder: string,
  { fork }: ExperimentConfig,
  parent: RunParent | undefined,
): void {
  if (fork === undefined) return;
  const isSame =
    parent !== undefined &&
    parent.step === fork.step &&
    fs.stat(fork.from)?.kind === 'folder' &&
    readIdentity(fs, fork.from).identity.uuid === parent.uuid;
  if (isSame) return;
  const known = parent === undefined ? 'it is no fork' : `it was forked from ${parentText(parent)}`;
  throw invalidOption('fork', `left out, or as the run ${folder} began: ${known}`, fork);
}

const greatest = (one: Step | null, other: Step | null): Step | null =>
  one === null || (other !== null && other > one) ? other : one;

/**
 * Copies what readers of curves need of a run, and of those that it was forked from, into the folder
 * of a fork.
 *
 * The log comes before the file: rows that a live run moves from the one to the other meanwhile are
 * in both copies then, and not in neither.
 */
export function copyParent(fs: FsPort, from: string, folder: string): void {
  const draft = join(folder, draftName(PARENT_FOLDER));
  removeTree(fs, draft);
  try {
    copyGenerations(fs, from, draft, MAX_GENERATIONS);
    fs.rename(draft, join(folder, PARENT_FOLDER));
  } catch (error) {
    attempt(() => removeTree(fs, draft));
    throw error;
  }
  fs.syncFolder(folder);
}

function copyGenerations(fs: FsPort, from: string, to: string, generations: number): void {
  makeFolders(fs, to);
  const names = [...segmentNames(fs, from).map(({ name }) => name), METRICS_NAME, CONFIG_NAME, RUN_NAME];
  for (const name of names) copyFile(fs, join(from, name), join(to, name));
  fs.syncFolder(to);
  const { parent } = readIdentity(fs, to).identity;
  const above = parent === undefined ? null : findParent(fs, dirname(dirname(from)), from, parent);
  if (above !== null && generations > 1)
    copyGenerations(fs, above.runDir, join(to, PARENT_FOLDER), generations - 1);
}

/** Copies a file and syncs the copy; one that is not there is left out. */
function copyFile(fs: FsPort, from: string, to: string): void {
  const source = openIfThere(fs, from);
  if (source === null) return;
  try {
    const target = fs.open(to, 'create');
    try {
      let at = 0;
      // A log that grows meanwhile is copied as far as it was.
      for (const piece of piecesOf(fs, source, from)) {
        writeAll(fs, target, piece, at);
        at += piece.length;
      }
      fs.sync(target);
    } finally {
      fs.close(target);
    }
  } finally {
    fs.close(source);
  }
}

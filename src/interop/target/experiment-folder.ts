import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ExpmanError, errnoOf } from '../../model/errors.js';
import type { ExperimentName } from '../../model/names.js';
import { describeExperiment } from '../../run/experiment-file.js';
import { EXPERIMENT_NAME, RUN_NAME } from '../../run/file-names.js';
import { makeFolders } from '../../storage/make-folders.js';
import { nodeFs, umaskFs } from '../../storage/node-fs.js';
import { kindAt, systemError } from '../source/source-files.js';

/**
 * Checks that runs can be put into an experiment: its folder may be missing, but must not be a link
 * or a file; neither it nor the folder of experiments may be a run, nor that one an experiment.
 * Returns its path.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, `IO`
 */
export function checkExperimentFolder(dir: string, experiment: ExperimentName): string {
  const folder = join(dir, experiment);
  for (const path of [dir, folder])
    if (kindAt(join(path, RUN_NAME)) !== null)
      throw refused(path, `${path} is a run, so it cannot hold runs; name an experiment`);
  if (kindAt(join(dir, EXPERIMENT_NAME)) !== null)
    throw refused(
      folder,
      `${dir} is an experiment, so it cannot hold the experiment ${experiment}; name an experiment, and a new name for the run by itself`,
    );
  const kind = kindOf(folder);
  if (kind === 'folder') return folder;
  const advice =
    kind === 'link' ? 'give the path of the folder that it leads to' : 'choose another experiment';
  throw refused(folder, `${folder} is a ${kind}, not a folder; ${advice}`);
}

/** The kind of what is at a path; a missing folder can be made, unless it is below a file. */
function kindOf(path: string): string {
  try {
    return nodeFs.stat(path)?.kind ?? 'folder';
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return 'path below a file';
    throw systemError(error, path) ?? error;
  }
}

const refused = (path: string, why: string): ExpmanError =>
  new ExpmanError('INVALID_OPTION', why, {
    option: 'experiment',
    rule: 'a folder for runs, or a new name',
    value: path,
    path,
  });

/** The folder of an experiment that runs are to be put into. */
export interface ReadyExperiment {
  readonly folder: string;
  /** Removes the folder if it was made and no run has been put into it. */
  readonly undo: () => void;
}

/**
 * Makes the folder of an experiment with its description, if it is missing.
 *
 * @throws as {@link checkExperimentFolder}, and errors of the file system
 */
export function readyExperiment(dir: string, experiment: ExperimentName): ReadyExperiment {
  const folder = checkExperimentFolder(dir, experiment);
  if (nodeFs.stat(folder) !== null) return { folder, undo: () => undefined };
  const undo = (): void => {
    if (nodeFs.stat(folder) !== null) removeEmptyExperiment(folder);
  };
  try {
    makeFolders(umaskFs, folder);
    describeExperiment(nodeFs, folder, { title: experiment }, Date.now());
  } catch (error) {
    undo();
    throw error;
  }
  return { folder, undo };
}

/** Removes an experiment that was made for a run that failed, unless it has another run by now. */
export function removeEmptyExperiment(folder: string): void {
  if (nodeFs.list(folder).every((name) => name === EXPERIMENT_NAME))
    rmSync(folder, { recursive: true, force: true });
}

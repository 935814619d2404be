import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { resolveOptions } from '../model/experiment-options.js';
import { invalidOption } from '../model/option-rules.js';
import { writeProject } from '../run/experiment-file.js';
import { EXPERIMENT_NAME } from '../run/file-names.js';
import type { FsPort } from '../storage/fs-port.js';
import { runFoldersIn } from './run-folders.js';

/** Sets the project of an experiment. @throws as `setProject` */
export function setProjectOf(fs: FsPort, folder: string, given: unknown): void {
  checkExperiment(fs, folder);
  writeProject(fs, folder, given === null ? null : checkedProject(given));
}

/**
 * Checks that a folder is an experiment: not a link, with an `experiment.yaml` or with runs.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`
 */
export function checkExperiment(fs: FsPort, folder: string): void {
  const kind = fs.stat(folder)?.kind;
  const isExperiment =
    kind === 'folder' &&
    (fs.stat(join(folder, EXPERIMENT_NAME))?.kind === 'file' ||
      runFoldersIn(fs, folder, 1).some((runDir) => runDir !== folder));
  if (isExperiment) return;
  const why = kind === undefined ? 'there is no folder' : 'not the folder of an experiment:';
  throw new ExpmanError('RUN_NOT_FOUND', `${why} ${folder}`, { path: folder });
}

/** The rule is that of a config; secrets are redacted as there. */
function checkedProject(given: unknown): string {
  const { project } = resolveOptions({ project: given as string });
  if (project === undefined)
    throw invalidOption('project', 'a string of 1 to 128 characters, or null', given);
  return project;
}

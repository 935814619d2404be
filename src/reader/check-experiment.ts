import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { EXPERIMENT_NAME } from '../run/file-names.js';
import type { FsPort } from '../storage/fs-port.js';
import { runFoldersIn } from './run-folders.js';

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

import { attempt } from '../../model/attempt.js';
import { systemError } from '../source/source-files.js';
import type { Destination } from '../target/draft-run.js';
import { readyExperiment } from '../target/experiment-folder.js';
import { removeDeadHiddenFolders } from '../target/hidden-folders.js';

/**
 * Puts a run into an experiment, whose folder is made if it is missing, and goes if that fails.
 * Afterwards what a process left that died is removed, there and in the experiments of `others`.
 *
 * @throws ExpmanError as `readyExperiment`, errors of `work`, and `IO` for those of the file system
 */
export async function inReadyExperiment<T>(
  from: string,
  { dir, experiment }: Destination,
  others: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const { folder, undo } = readyExperiment(dir, experiment);
  try {
    return await work();
  } catch (error) {
    attempt(undo);
    throw systemError(error, from) ?? error;
  } finally {
    for (const each of new Set([folder, ...others])) removeDeadHiddenFolders(each);
  }
}

import { dirname, join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { errnoOf } from '../../model/errors.js';
import type { RunName } from '../../model/names.js';
import { runFileBytes } from '../../run/amend-run-file.js';
import { RUN_NAME } from '../../run/file-names.js';
import type { Mapping } from '../../run/run-record.js';
import { stageFile } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { Destination } from '../target/draft-run.js';
import { claimName, moveToClaim } from '../target/place-folder.js';

/**
 * Moves a held run by a rename, and puts its new names into `run.yaml`; returns the name that it
 * got, or null if the place is on another file system.
 *
 * The new `run.yaml` is written first, beside the old one, for that is what a full disk refuses;
 * then the folder is renamed, then the file. Killed between the two renames, the run is in its new
 * place, where its folders name it, and the next move puts the names right.
 *
 * @throws {@link ExpmanError} `RUN_EXISTS`, `INVALID_VALUE`; errors of the file system. The run is
 * where it was then
 */
export async function renameRunTo(
  from: string,
  { dir, experiment, run }: Destination,
  whenTaken: 'fail' | 'suffix',
  file: Mapping,
): Promise<RunName | null> {
  const name = await claimName(join(dir, experiment), run, whenTaken);
  const to = join(dir, experiment, name);
  let staged: string | null = null;
  try {
    staged = stageFile(nodeFs, join(from, RUN_NAME), runFileBytes(from, { ...file, experiment, run: name }));
    moveToClaim(from, to);
  } catch (error) {
    if (nodeFs.stat(join(to, RUN_NAME)) !== null) return finished(from, to, staged, name);
    const left = staged;
    attempt(() => {
      if (left !== null) nodeFs.remove(left);
    });
    attempt(() => nodeFs.removeFolder(to));
    if (errnoOf(error) === 'EXDEV') return null;
    throw error;
  }
  return finished(from, to, staged, name);
}

/** What is left to do once the folder has been renamed: nothing of it can undo the move. */
function finished(from: string, to: string, staged: string | null, name: RunName): RunName {
  attempt(() => {
    if (staged !== null) nodeFs.rename(staged.replace(from, to), join(to, RUN_NAME));
  });
  for (const folder of [to, dirname(from), dirname(to)])
    attempt(() => {
      nodeFs.syncFolder(folder);
    });
  return name;
}

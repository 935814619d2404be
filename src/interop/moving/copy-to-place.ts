import { dirname, join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import type { RunName } from '../../model/names.js';
import { runFileBytes } from '../../run/amend-run-file.js';
import { RUN_NAME } from '../../run/file-names.js';
import { readIdentity } from '../../run/identity.js';
import type { Mapping } from '../../run/run-record.js';
import { replaceFile } from '../../storage/atomic-file.js';
import { makeFolders } from '../../storage/make-folders.js';
import { nodeFs } from '../../storage/node-fs.js';
import { stringifyYaml } from '../../storage/yaml-file.js';
import { runFilesIn } from '../source/run-files.js';
import type { Destination } from '../target/draft-run.js';
import { freshDraft } from '../target/fresh-draft.js';
import { copyRunFiles, hashOf } from './copy-files.js';

/** How a run is copied. */
interface Copying {
  readonly whenTaken: 'fail' | 'suffix';
  readonly onBytes: ((bytes: number) => void) | null | undefined;
}

/**
 * Copies a run to its place through a hidden folder there, for a move; returns the name that it got.
 *
 * @throws {@link ExpmanError} `INVALID_VALUE` for a run that holds anything but files and folders,
 * which would be lost; `RUN_EXISTS`, `CORRUPT`, `IO`; errors of the file system. Nothing is left
 * then
 */
export async function copyToPlace(from: string, to: Destination, how: Copying): Promise<RunName> {
  const { others } = runFilesIn(from);
  if (others[0] !== undefined)
    throw new ExpmanError(
      'INVALID_VALUE',
      `${join(from, others[0])} is a link or no regular file, and ${to.dir} is on another file system, to which only files can be copied; remove it first`,
      { path: from },
    );
  return placeCopy(from, to, how, [], (folder, run) => {
    const { file } = readIdentity(nodeFs, folder);
    writeRunFile(folder, { ...file, experiment: to.experiment, run });
  });
}

/**
 * Copies a run into a hidden folder, lets `settle` change the copy, and gives it its name.
 *
 * @param more - as in {@link copyRunFiles}
 * @throws as {@link copyToPlace}, and errors of `settle`
 */
export async function placeCopy(
  from: string,
  to: Destination,
  { whenTaken, onBytes }: Copying,
  more: readonly string[],
  settle: (folder: string, run: RunName) => Promise<void> | void,
): Promise<RunName> {
  const draft = await freshDraft(to, whenTaken);
  try {
    const folder = join(draft.baseDir, to.experiment, draft.run);
    makeFolders(nodeFs, dirname(folder));
    let bytes = 0;
    await copyRunFiles(from, folder, (count) => onBytes?.((bytes += count)), more);
    await settle(folder, draft.run);
    nodeFs.syncFolder(dirname(folder));
    await draft.place();
    return draft.run;
  } finally {
    draft.discard();
  }
}

/** Replaces the `run.yaml` of a copy. @throws {@link ExpmanError} `INVALID_VALUE` if it is too large */
export function writeRunFile(folder: string, file: Mapping): void {
  replaceFile(nodeFs, join(folder, RUN_NAME), runFileBytes(folder, file));
}

/**
 * Tells if two folders hold the same run, byte for byte: only the names in `run.yaml` may differ.
 *
 * @throws errors of the file system
 */
export async function isSameRun(one: string, other: string): Promise<boolean> {
  if (nodeFs.stat(other)?.kind !== 'folder' || nodeFs.stat(join(other, RUN_NAME))?.kind !== 'file')
    return false;
  const [mine, theirs] = [one, other].map(runFilesIn);
  if (mine === undefined || theirs === undefined) return false;
  if (stringifyYaml(mine) !== stringifyYaml(theirs) || mine.others.length > 0) return false;
  for (const name of mine.files) {
    if (name === RUN_NAME) continue;
    const [path, twin] = [join(one, name), join(other, name)];
    if (nodeFs.stat(path)?.size !== nodeFs.stat(twin)?.size) return false;
    if ((await hashOf(path)) !== (await hashOf(twin))) return false;
  }
  return namelessFile(one) === namelessFile(other);
}

const namelessFile = (folder: string): string =>
  stringifyYaml({ ...readIdentity(nodeFs, folder).file, experiment: '', run: '' });

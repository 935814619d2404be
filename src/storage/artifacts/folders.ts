import { dirname, join, relative, sep } from 'node:path';
import { errnoOf, ExpmanError } from '../../model/errors.js';
import { CANNOT_SYNC } from '../make-folders.js';
import type { ArtifactFs } from './artifact-fs.js';

/**
 * Makes the missing folders below one that exists, so that no link on the way leads out of it, and
 * makes their names durable, also if another process made them.
 *
 * @param durable - the folders of which that is known; each one that is found is added
 * @throws ExpmanError `INVALID_NAME` for a link or a file in the place of a folder
 */
export async function makeFoldersBelow(
  fs: ArtifactFs,
  base: string,
  parts: readonly string[],
  durable: Set<string>,
): Promise<string> {
  let folder = base;
  for (const part of parts) {
    folder = join(folder, part);
    // It may have been removed since, or replaced by a link.
    if (durable.has(folder) && (await fs.stat(folder))?.kind === 'folder') continue;
    try {
      await fs.makeFolder(folder);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    await mustBeFolder(fs, folder);
    try {
      await fs.syncFolder(dirname(folder));
    } catch (error) {
      if (!CANNOT_SYNC.has(errnoOf(error) ?? '')) throw error;
    }
    durable.add(folder);
  }
  return folder;
}

/** @throws ExpmanError `INVALID_NAME` if a path is not a folder, or is a link to one */
export async function mustBeFolder(fs: ArtifactFs, folder: string): Promise<void> {
  const kind = (await fs.stat(folder))?.kind;
  if (kind === 'folder') return;
  const what = kind === 'link' ? 'a link, which could lead out of its folder' : 'not a folder';
  throw new ExpmanError('INVALID_NAME', `${folder} is ${what}`, { path: folder });
}

/**
 * The names in a folder below a base; empty if it does not exist.
 *
 * @throws ExpmanError `INVALID_NAME` if a part of the way is a link or a file
 */
export async function namesIn(fs: ArtifactFs, base: string, folder: string): Promise<string[]> {
  return (await isFolderBelow(fs, base, folder)) ? fs.list(folder) : [];
}

/** Tells if a folder below a base exists. @throws as {@link namesIn} */
export async function isFolderBelow(fs: ArtifactFs, base: string, folder: string): Promise<boolean> {
  let path = base;
  for (const part of relative(base, folder).split(sep)) {
    path = join(path, part);
    if ((await fs.stat(path)) === null) return false;
    await mustBeFolder(fs, path);
  }
  return true;
}

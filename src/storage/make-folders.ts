import { dirname } from 'node:path';
import { errnoOf } from '../model/errors.js';
import type { FsPort } from './fs-port.js';

/** Codes by which a file system, or the rights of a folder, refuse to sync it. */
export const CANNOT_SYNC: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP']);

/** Makes a folder and its missing parents; existing ones are left as they are. */
export function makeFolders(fs: FsPort, folder: string): void {
  if (fs.stat(folder) !== null) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolders(fs, parent);
  tryMakeFolder(fs, folder);
}

/** Makes one folder with a durable name; false if it exists. */
export function tryMakeFolder(fs: FsPort, folder: string): boolean {
  const made = isMade(fs, folder);
  if (made) syncEntry(fs, dirname(folder));
  return made;
}

/** Makes one folder whose name need not outlive a power cut; false if the name is taken. */
export function isMade(fs: FsPort, folder: string): boolean {
  try {
    fs.makeFolder(folder);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Makes a new folder's name durable, if the file system and the folder's permissions allow it. */
function syncEntry(fs: FsPort, parent: string): void {
  try {
    fs.syncFolder(parent);
  } catch (error) {
    if (!CANNOT_SYNC.has(errnoOf(error) ?? '')) throw error;
  }
}

import { join } from 'node:path';
import type { FsPort } from './fs-port.js';

/**
 * Removes a folder of this package's own making with everything in it; links are removed, not
 * followed. A path that does not exist is left so.
 */
export function removeTree(fs: FsPort, path: string): void {
  const kind = fs.stat(path)?.kind;
  if (kind === undefined) return;
  if (kind !== 'folder') {
    fs.remove(path);
    return;
  }
  for (const name of fs.list(path)) removeTree(fs, join(path, name));
  fs.removeFolder(path);
}

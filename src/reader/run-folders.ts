import { join } from 'node:path';
import { isTempName } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { RUN_NAME } from '../run/file-names.js';

/** A run is in an experiment, which is in a folder of experiments. */
const DEPTH = 2;

/** The run folders at or below a path; links are not followed, and folders of runs that are not whole yet are passed over. */
export function runFoldersIn(fs: FsPort, path: string, depth = DEPTH): string[] {
  let names: string[] = [];
  try {
    if (fs.stat(path)?.kind !== 'folder') return [];
    if (fs.stat(join(path, RUN_NAME))?.kind === 'file') return [path];
    if (depth > 0) names = fs.list(path).filter((name) => !isTempName(name));
  } catch {
    // Where runs are it may be one, and whoever reads it says what is wrong with it.
    return depth === 0 ? [path] : [];
  }
  return names.sort().flatMap((name) => runFoldersIn(fs, join(path, name), depth - 1));
}

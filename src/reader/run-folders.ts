import { join } from 'node:path';
import type { FsPort } from '../storage/fs-port.js';
import { RUN_NAME } from '../storage/run-record.js';

/** A run is in an experiment, which is in a folder of experiments. */
const DEPTH = 2;

/** The run folders at or below a path; links are not followed. */
export function runFoldersIn(fs: FsPort, path: string, depth = DEPTH): string[] {
  if (fs.stat(path)?.kind !== 'folder') return [];
  if (fs.stat(join(path, RUN_NAME))?.kind === 'file') return [path];
  if (depth === 0) return [];
  return fs
    .list(path)
    .sort()
    .flatMap((name) => runFoldersIn(fs, join(path, name), depth - 1));
}

import { join } from 'node:path';
import { isTempName } from '../storage/atomic-file.js';
import { ARTIFACTS_HOME } from '../storage/artifacts/layout.js';
import type { FsPort } from '../storage/fs-port.js';
import { RUN_NAME } from '../run/file-names.js';

/** Levels of folders: an experiment holds runs, and a folder of experiments holds experiments. */
const DEPTH = 2;

/**
 * Lists the run folders at or below a path; links are not followed, and folders of unfinished
 * imports are skipped.
 */
export function runFoldersIn(fs: FsPort, path: string, depth = DEPTH): string[] {
  let names: string[] = [];
  try {
    if (fs.stat(path)?.kind !== 'folder') return [];
    if (fs.stat(join(path, RUN_NAME))?.kind === 'file') return [path];
    if (depth > 0) names = fs.list(path).filter(mayHoldRuns);
  } catch {
    // At this depth it may be a run; whoever reads it reports the error.
    return depth === 0 ? [path] : [];
  }
  return names.sort().flatMap((name) => runFoldersIn(fs, join(path, name), depth - 1));
}

/** Tells if a folder of that name may be a run, or hold runs. */
export const mayHoldRuns = (name: string): boolean => !isTempName(name) && name !== ARTIFACTS_HOME;

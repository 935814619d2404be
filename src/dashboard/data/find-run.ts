import { basename, dirname, join } from 'node:path';
import { nodeFs } from '../../storage/node-fs.js';
import { RUN_NAME } from '../../run/file-names.js';

/**
 * Finds the folder of the run `experiment/run` at or below the served folder, without listing other
 * runs.
 *
 * It finds the same runs as a listing: the served folder may be a folder of experiments, an
 * experiment or a run, and links are not followed. Returns null if there is no such run.
 */
export function findRun(dir: string, id: string): string | null {
  const [experiment = '', run = '', ...more] = id.split('/');
  if (more.length > 0 || !isName(experiment) || !isName(run)) return null;
  try {
    if (isRun(dir)) return namesOf(dir) === id ? dir : null;
    const inExperiment = join(dir, run);
    if (basename(dir) === experiment && isRun(inExperiment)) return inExperiment;
    const folder = join(dir, experiment);
    const runDir = join(folder, run);
    return isFolder(folder) && !isRun(folder) && isRun(runDir) ? runDir : null;
  } catch {
    // For example, a name that is too long.
    return null;
  }
}

/** True if a text names an entry of a folder and cannot lead out of it. */
const isName = (text: string): boolean =>
  !['', '.', '..'].includes(text) && !text.includes('\0') && basename(text) === text;

const namesOf = (runDir: string): string => `${basename(dirname(runDir))}/${basename(runDir)}`;

const isFolder = (path: string): boolean => nodeFs.stat(path)?.kind === 'folder';

const isRun = (path: string): boolean => isFolder(path) && nodeFs.stat(join(path, RUN_NAME))?.kind === 'file';

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isTempName } from '../../storage/atomic-file.js';
import { STOP_NAME } from '../../run/stop-file.js';
import { LOCK_NAME } from '../../storage/lock-file.js';

/** What lies below the folder of a run, by paths with `/` between their parts. */
export interface RunFiles {
  /** Regular files, without those that belong to a process: locks, requests to stop, temporary files. */
  readonly files: readonly string[];
  /** Folders, each after the one that holds it. */
  readonly folders: readonly string[];
  /** Everything else: links, sockets, devices. */
  readonly others: readonly string[];
}

/**
 * Lists what lies below a run's folder; links are not followed.
 *
 * @throws errors of the file system
 */
export function runFilesIn(folder: string): RunFiles {
  const found: Record<keyof RunFiles, string[]> = { files: [], folders: [], others: [] };
  collect(folder, '', found);
  return found;
}

function collect(folder: string, below: string, found: Record<keyof RunFiles, string[]>): void {
  for (const entry of readdirSync(join(folder, below)).sort()) {
    const name = below === '' ? entry : `${below}/${entry}`;
    const facts = lstatSync(join(folder, name));
    if (facts.isDirectory()) {
      found.folders.push(name);
      collect(folder, name, found);
    } else if (!facts.isFile()) found.others.push(name);
    else if (entry !== LOCK_NAME && name !== STOP_NAME && !isTempName(entry)) found.files.push(name);
  }
}

import { basename, dirname } from 'node:path';
import { attempt } from '../model/attempt.js';
import { printable } from '../model/printable.js';
import type { RunFacts } from '../model/run-facts.js';
import { nodeFs } from '../storage/node-fs.js';
import { isTrialName, readSweepFile } from '../sweep/sweep-file.js';
import { quantity } from './words.js';

/** A sweep whose trials are not deleted, because it has not finished and may be resumed. */
export interface SparedSweep {
  readonly dir: string;
  /** The status in `sweep.yaml`; `unreadable` if that cannot be read. */
  readonly status: string;
  /** The folders of its trials that were to be deleted. */
  readonly trials: readonly string[];
}

/** Finds the unfinished sweeps among whose trials some are to be deleted. */
export function sparedSweeps(doomed: readonly RunFacts[]): SparedSweep[] {
  const trials = new Map<string, string[]>();
  for (const { runDir } of doomed) {
    if (!isTrialName(basename(runDir))) continue;
    const folder = dirname(runDir);
    trials.set(folder, [...(trials.get(folder) ?? []), runDir]);
  }
  return [...trials].flatMap(([dir, runs]) => {
    const status = statusOf(dir);
    return status === null || status === 'FINISHED' ? [] : [{ dir, status, trials: runs }];
  });
}

/** Says why trials are not deleted, and how they are. */
export const sparedSweepText = ({ dir, status, trials }: SparedSweep): string =>
  `${quantity(trials.length, 'trials')} of ${printable(dir)} ${trials.length === 1 ? 'stays' : 'stay'}: its sweep is ${status}, and goes on with them when it is resumed; add --unfinished-sweeps to delete them too`;

/** Returns the status of a folder's sweep; null if there is no sweep. */
function statusOf(dir: string): string | null {
  let status: string | null = 'unreadable';
  attempt(() => {
    const file = readSweepFile(nodeFs, dir);
    status = file === null ? null : printable(String(file['status']));
  });
  return status;
}

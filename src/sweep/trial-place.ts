import { hostname } from 'node:os';
import { join } from 'node:path';
import type { TrialPlace } from './trial.js';
import { trialRunName } from './trial-run-name.js';

/**
 * Returns the place of an attempt on this host.
 *
 * @param folder - the folder of the runs of its sweep
 */
export const placeHere = (
  folder: string,
  { number, attempt, slot }: { readonly number: number; readonly attempt: number; readonly slot: number },
): TrialPlace => ({ host: hostname(), slot, runDir: join(folder, trialRunName(number, attempt)) });

import { join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import { jsonText } from '../../model/json-text.js';
import { type Params, sanitiseParams } from '../../model/params.js';
import { nodeFs } from '../../storage/node-fs.js';
import { SWEEP_NAME, readSweepFile } from '../../sweep/sweep-file.js';

/** Returns the folder if it holds a sweep, else null. */
export const sweepFolder = (folder: string): string | null =>
  nodeFs.stat(join(folder, SWEEP_NAME))?.kind === 'file' ? folder : null;

/**
 * Reads `sweep.yaml` as JSON of a `SweepAnswer`.
 *
 * @throws ExpmanError `RUN_NOT_FOUND` if there is no sweep, `CORRUPT`, `UNSAFE_YAML` or `IO`
 */
export function readSweep(folder: string): string {
  const file = readSweepFile(nodeFs, folder);
  if (file === null) throw new ExpmanError('RUN_NOT_FOUND', 'this experiment has no sweep');
  const { trials, ...plan } = file;
  // Each on its own: a whole sweep is more than one call may hold.
  const sent = Array.isArray(trials) ? trials.map(plainTrial) : [];
  return jsonText({ sweep: { ...sanitiseParams(plan).params, trials: sent } });
}

/** Returns a trial without the figures of its scheduler, which nothing shows. */
function plainTrial(trial: unknown): Params {
  const { params } = sanitiseParams(trial);
  return Object.fromEntries(Object.entries(params).filter(([key]) => key !== 'course'));
}

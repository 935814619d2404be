import { join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import { jsonText } from '../../model/json-text.js';
import { sanitiseParams } from '../../model/params.js';
import { nodeFs } from '../../storage/node-fs.js';
import { readMapping } from '../../run/run-record.js';

const SWEEP_NAME = 'sweep.yaml';
/** @bound refuses: CORRUPT, with the size */
const MAX_BYTES = 16 * 1024 * 1024;

/** Returns the folder if it holds a sweep, else null. */
export const sweepFolder = (folder: string): string | null =>
  nodeFs.stat(join(folder, SWEEP_NAME))?.kind === 'file' ? folder : null;

/**
 * Reads `sweep.yaml` as JSON of a `SweepAnswer`.
 *
 * @throws ExpmanError `RUN_NOT_FOUND` if there is no sweep, `CORRUPT`, `UNSAFE_YAML` or `IO`
 */
export function readSweep(folder: string): string {
  const file = readMapping(nodeFs, folder, SWEEP_NAME, MAX_BYTES);
  if (file === null) throw new ExpmanError('RUN_NOT_FOUND', 'this experiment has no sweep');
  return jsonText({ sweep: sanitiseParams(file).params });
}

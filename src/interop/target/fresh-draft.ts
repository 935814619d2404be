import { join } from 'node:path';
import { type Destination, DraftRun } from './draft-run.js';
import { firstFree } from './place-folder.js';

/**
 * Begins a run under the requested name, or the first free one with a number appended.
 *
 * @throws {@link ExpmanError} `RUN_EXISTS`, `IO`
 */
export const freshDraft = (to: Destination, whenTaken: 'fail' | 'suffix'): Promise<DraftRun> =>
  firstFree(join(to.dir, to.experiment), to.run, whenTaken, (run) => DraftRun.begin({ ...to, run }));

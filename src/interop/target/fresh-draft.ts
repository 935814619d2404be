import { join } from 'node:path';
import { suffixedName } from '../../model/names.js';
import { type Destination, DraftRun } from './draft-run.js';
import { MAX_SUFFIX, runExists } from './place-folder.js';

/**
 * Begins a run under the requested name, or the first free one with a number appended.
 *
 * @throws {@link ExpmanError} `RUN_EXISTS`, `IO`
 */
export async function freshDraft(to: Destination, whenTaken: 'fail' | 'suffix'): Promise<DraftRun> {
  for (let n = 1; n <= (whenTaken === 'fail' ? 1 : MAX_SUFFIX); n++) {
    const draft = await DraftRun.begin({ ...to, run: n === 1 ? to.run : suffixedName(to.run, n) });
    if (draft !== null) return draft;
  }
  throw runExists(join(to.dir, to.experiment, to.run));
}

import type { Rewind } from '../channel/rewind.js';
import type { Params } from '../model/params.js';
import type { FsPort } from '../storage/fs-port.js';
import { lookForPublished, replayBehind } from './load-run.js';
import { restoreState } from './replay/restore-state.js';

/** The state that earlier owners left in a run's folder, for a reader. */
export interface RestoredState {
  readonly params: Params;
  /** All rewinds, in order. */
  readonly rewinds: readonly Rewind[];
}

/**
 * Reads the parameters and rewinds of a run without changing anything; a damaged file of rows has no
 * rewinds.
 *
 * @throws ExpmanError `CORRUPT`, `IO`, `UNSUPPORTED_VERSION`
 */
export function restoredState(fs: FsPort, folder: string, runUuid: string): RestoredState {
  const { published } = lookForPublished(fs, folder, runUuid);
  const replay = replayBehind(fs, folder, runUuid, published);
  restoreState(fs, folder, replay);
  return {
    params: replay.state.params,
    rewinds: [...(published?.facts.rewinds ?? []), ...replay.rewinds],
  };
}

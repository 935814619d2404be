import { type Observable, bufferTime, concatMap, filter, last } from 'rxjs';
import type { FsPort } from '../../storage/fs-port.js';
import type { RunStateView } from '../../run/run-state.js';
import { writeConfigFile } from '../files/write-config-file.js';
import { type FlushOutcome, WRITTEN, attempted } from './flush-outcome.js';

const REPLACE_EVERY_MS = 100;

/** Options of {@link configPath}. */
export interface ConfigPathOptions {
  readonly place: { readonly fs: FsPort; readonly folder: string };
  /** The parameters themselves, merged in the state of the run. */
  readonly state: Pick<RunStateView, 'paramRecords'>;
  readonly onOutcome: (outcome: FlushOutcome) => void;
  /** Called with the number of parameters for which config.yaml has no room. */
  readonly onParamsLeftOut: (count: number) => void;
}

/**
 * The path of a run's parameters to `config.yaml`; `paramsCame$` is a signal without values. Emits
 * the outcome of every write.
 */
export function configPath(
  paramsCame$: Observable<void>,
  { place, state, onOutcome, onParamsLeftOut }: ConfigPathOptions,
): Observable<FlushOutcome> {
  const write = (): void => {
    const leftOut = writeConfigFile(place.fs, place.folder, state);
    if (leftOut > 0) onParamsLeftOut(leftOut);
  };
  return paramsCame$.pipe(
    bufferTime(REPLACE_EVERY_MS),
    filter((bells) => bells.length > 0),
    concatMap(() => attempted(write, onOutcome)),
    last(null, WRITTEN),
  );
}

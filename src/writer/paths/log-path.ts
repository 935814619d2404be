import { type Observable, bufferTime, concat, filter, last, mergeScan } from 'rxjs';
import { type LogPlace, type PendingLines, appendLines, healLog, syncLog } from '../files/append-log.js';
import { type FlushOutcome, WRITTEN, attempted, failed } from './flush-outcome.js';

const APPEND_EVERY_MS = 100;
const LINES_PER_APPEND = 4096;
/**
 * The initial outcome: an earlier owner may have been interrupted, so that the file may hold a part
 * of the pending lines, as after a failure.
 */
const UNSURE = failed(null);

/** Options of {@link logPath}. */
export interface LogPathOptions {
  readonly place: LogPlace;
  /**
   * The lines themselves; they wait in the state of the run, so that a checkpoint includes them.
   */
  readonly lines: PendingLines;
  readonly onOutcome: (outcome: FlushOutcome) => void;
}

/**
 * The path of a run's lines to `run.log`; `lineCame$` emits once for each.
 *
 * Emits the outcome of every append. When `lineCame$` completes, the pending lines are written and
 * the file is synced.
 */
export function logPath(
  lineCame$: Observable<void>,
  { place, lines, onOutcome }: LogPathOptions,
): Observable<FlushOutcome> {
  const append = (isSure: boolean, count: number): Observable<FlushOutcome> =>
    attempted(() => {
      if (isSure) appendLines(place, lines, count);
      else healLog(place, lines);
    }, onOutcome);
  const finish = (): void => {
    healLog(place, lines);
    syncLog(place.fs, place.folder);
  };
  return concat(
    lineCame$.pipe(
      bufferTime(APPEND_EVERY_MS, null, LINES_PER_APPEND),
      filter((bells) => bells.length > 0),
      mergeScan((before, { length }) => append(before.kind === 'written', length), UNSURE, 1),
    ),
    attempted(finish, onOutcome),
  ).pipe(last(null, WRITTEN));
}

import type { Searcher } from './searchers/searcher.js';

/** Trials of earlier sessions, none of which was run again. */
interface Reused {
  readonly dir: string;
  readonly reused: number;
  readonly failures: number;
  /** The number of all trials. */
  readonly trials: number;
}

/** Warns that all trials of a result are of earlier sessions. */
export function warnOfNothingToDo({ dir, reused, failures, trials }: Reused): void {
  process.emitWarning(
    `${reused} of ${trials} trials taken from sweep.yaml in ${dir}, none was run; ` +
      `to begin again, choose another name or delete that folder; to go on, raise trials${wayOut(failures)}`,
    { type: 'ExpmanWarning' },
  );
}

/** Names the option that tries failed trials again, as the end of a sentence; empty if none failed. */
export const wayOut = (failures: number): string => (failures === 0 ? '' : `; ${failuresText(failures)}`);

/** Says that some trials failed, and names the option that tries them again. */
export function failuresText(failures: number): string {
  const [who, them] = failures === 1 ? ['1 trial', 'it'] : [`${failures} trials`, 'them'];
  return `${who} failed: once the cause is fixed, retryFailed: true tries ${them} again`;
}

/** Warns if `trials` leaves out a part of a grid, whose result would read as complete. */
export function warnOfCutGrid<P>(searcher: Searcher<P>, trials: number): void {
  if (trials === Infinity || searcher.suggest(trials) === null) return;
  let [inside, outside] = [trials, 2 * trials];
  while (searcher.suggest(outside) !== null) [inside, outside] = [outside, 2 * outside];
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (searcher.suggest(middle) === null) outside = middle;
    else inside = middle;
  }
  process.emitWarning(
    `${trials} of the ${outside} combinations of the grid are tried; leave trials out to try all`,
    { type: 'ExpmanWarning' },
  );
}

/** A searcher's suggestion for a trial. */
export interface Suggestion<P> {
  /** The parameters of the trial. */
  readonly params: P;
}

/**
 * The source of the parameters of trials.
 *
 * A suggestion may depend on the searcher's seed, the trial's number and the observations, and on
 * nothing else: not on the clock, nor on earlier suggestions. A sweep that was killed creates a new
 * searcher, reports the finished trials to it, and continues as if nothing had happened.
 *
 * @typeParam P - the parameters of a trial
 */
export interface Searcher<P> {
  /**
   * Suggests the parameters of a trial; without observations in between, a second call returns the
   * same.
   *
   * @param trial - its number, from 0; trials that are still running have theirs
   * @returns null if no trial with that number or a greater one is left to try
   */
  suggest(trial: number): Suggestion<P> | null;

  /**
   * Reports how a trial ended; called once for each trial, in any order.
   *
   * @param params - the parameters of the trial, as suggested or as read back from YAML
   * @param value - its metric, or null if it failed or reported nothing
   */
  observe(params: P, value: number | null): void;
}

/** What a searcher wants tried. */
export interface Suggestion<P> {
  /** The parameters of the trial. */
  readonly params: P;
}

/**
 * Where the parameters of trials come from.
 *
 * What is suggested may depend on the searcher's seed, the trial's number and what was observed, and on nothing else: not
 * on the clock, nor on the suggestions that were asked for before. A sweep that was killed makes its searcher anew,
 * tells it the trials that had finished, and goes on as if nothing had happened.
 *
 * @typeParam P - the parameters of a trial
 */
export interface Searcher<P> {
  /**
   * The parameters for a trial; asking again, with nothing observed in between, gives the same.
   *
   * @param trial - its number, from 0; trials that are still running have theirs
   * @returns null when no trial with that number or a greater one is left to try
   */
  suggest(trial: number): Suggestion<P> | null;

  /**
   * Takes in how a trial ended; each trial is told once, in any order.
   *
   * @param params - what the trial was run with, as suggested or as read back from YAML
   * @param value - its metric, or null when it failed or reported nothing
   */
  observe(params: P, value: number | null): void;
}

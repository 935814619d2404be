/** A searcher's suggestion for a trial. */
export interface Suggestion<P> {
  /** The parameters of the trial. */
  readonly params: P;
}

/** What a searcher is told about other trials when it is asked for a suggestion. */
export interface SearchContext<P> {
  /**
   * The parameters of the trials that have begun and not ended, in the order of their numbers, those
   * waiting for another attempt included.
   */
  readonly running: readonly P[];
}

/** Further facts about the end of a trial. */
export interface Outcome {
  /** The trial's number. Searchers that go by the order of trials take it from here. */
  readonly trial: number;
  /** True if a scheduler stopped the trial early, so that its value is that of a part of it. */
  readonly stopped: boolean;
  /** The amount by which the trial breaks its constraints; 0 if it keeps them all. */
  readonly violation: number;
}

/**
 * The source of the parameters of trials.
 *
 * A suggestion may depend on the searcher's seed, the trial's number, the observations and the
 * running trials, and on nothing else: not on the clock. A sweep that was killed creates a new
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
   * @param context - the running trials; a sweep always says which they are
   * @returns null if no trial with that number or a greater one is left to try
   */
  suggest(trial: number, context?: SearchContext<P>): Suggestion<P> | null;

  /**
   * Reports how a trial ended; called once for each trial, in any order.
   *
   * @param params - the parameters of the trial, as suggested or as read back from YAML
   * @param value - its metric, or all of them in their order if there are several; null if it failed
   * or reported nothing
   * @param outcome - further facts, which a sweep always gives; without, the trial is the one
   * that was suggested these parameters, or else the number of calls before
   */
  observe(params: P, value: number | readonly number[] | null, outcome?: Outcome): void;
}

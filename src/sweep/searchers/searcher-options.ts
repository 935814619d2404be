import { integer, oneOf } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';

/** Options of the searchers in this package; each uses those that concern it. */
export interface SearcherOptions {
  /** The seed of all random decisions: an integer from 0 up. */
  readonly seed: number;
  /** The direction of the metric: `'min'` if less is better, or `'max'`. */
  readonly mode: 'min' | 'max';
  /** `grid`: the number of values of a continuous parameter; 1 to 10,000, default 5. */
  readonly gridSteps?: number | undefined;
  /**
   * `grid`: the largest number of trials, above which a grid is refused; 1 to 1,000,000, default
   * 10,000.
   */
  readonly maxGridTrials?: number | undefined;
  /** `tpe`: the number of random trials before it learns; 1 to 10,000, default 10. */
  readonly startupTrials?: number | undefined;
  /**
   * `tpe`: the number of values drawn for a parameter, of which the best is used; 1 to 10,000,
   * default 24.
   */
  readonly candidates?: number | undefined;
}

const OWN_RULES = {
  gridSteps: integer(1, 10_000).byDefault(5).orNull(),
  maxGridTrials: integer(1, 1_000_000).byDefault(10_000).orNull(),
  startupTrials: integer(1, 10_000).byDefault(10).orNull(),
  candidates: integer(1, 10_000).byDefault(24).orNull(),
};

/** The rules of {@link SearcherOptions}. */
export const SEARCHER_OPTIONS = optionsTable<SearcherOptions>()({
  seed: integer(0).required(),
  mode: oneOf('min', 'max').required(),
  ...OWN_RULES,
});

/**
 * The rules of the searcher options that the user of a sweep may set; the sweep sets the others.
 */
export const OWN_SEARCHER_OPTIONS = optionsTable<Omit<SearcherOptions, 'seed' | 'mode'>>()(OWN_RULES);

/** All options, checked and with the defaults filled in. */
export type ResolvedSearcherOptions = ResolvedBy<typeof SEARCHER_OPTIONS>;

import { integer, oneOf } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';

/** What a searcher of this package can be told; each takes from it what concerns it. */
export interface SearcherOptions {
  /** What all that is random comes from: an integer from 0 up. */
  readonly seed: number;
  /** Whether a metric is better when it is less or when it is greater. */
  readonly mode: 'min' | 'max';
  /** `grid`: how many values a continuous parameter takes; 1 to 10,000, default 5. */
  readonly gridSteps?: number | undefined;
  /** `grid`: a grid of more trials is refused; 1 to 1,000,000, default 10,000. */
  readonly maxGridTrials?: number | undefined;
  /** `tpe`: so many trials are random before any is learnt from; 1 to 10,000, default 10. */
  readonly startupTrials?: number | undefined;
  /** `tpe`: how many values are drawn for a parameter, of which the best is taken; 1 to 10,000, default 24. */
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

/** The rules of what the user of a sweep may say of its searcher; the rest comes from the sweep. */
export const OWN_SEARCHER_OPTIONS = optionsTable<Omit<SearcherOptions, 'seed' | 'mode'>>()(OWN_RULES);

/** All options, checked and with the defaults filled in. */
export type ResolvedSearcherOptions = ResolvedBy<typeof SEARCHER_OPTIONS>;

import { callback, integer, ruleOf } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';

/** The direction of a metric: `'min'` if less is better, or `'max'`. */
export type Mode = 'min' | 'max';

/** Options of the searchers in this package; each uses those that concern it. */
export interface SearcherOptions {
  /** The seed of all random decisions: an integer from 0 up. */
  readonly seed: number;
  /** The direction of the metric: `'min'` if less is better, or `'max'`; one each if there are several. */
  readonly mode: Mode | readonly Mode[];
  /** Tells whether parameters may be tried; default all. Called often, and must depend on them only. */
  readonly feasible?: ((params: never) => boolean) | undefined;
  /** `grid`: the number of values of a continuous parameter; 1 to 10,000, default 5. */
  readonly gridSteps?: number | undefined;
  /**
   * `grid`: the largest number of trials, above which a grid is refused; 1 to 1,000,000, default
   * 10,000.
   */
  readonly maxGridTrials?: number | undefined;
  /**
   * `tpe`, `gp` and `nsga2`: the number of trials before it learns, running ones included; 1 to
   * 10,000, default 10.
   */
  readonly startupTrials?: number | undefined;
  /**
   * `tpe`: the number of candidates drawn, of which the best is used; 1 to 10,000, default 24.
   */
  readonly candidates?: number | undefined;
}

const OWN_RULES = {
  gridSteps: integer(1, 10_000).byDefault(5).orNull(),
  maxGridTrials: integer(1, 1_000_000).byDefault(10_000).orNull(),
  startupTrials: integer(1, 10_000).byDefault(10).orNull(),
  candidates: integer(1, 10_000).byDefault(24).orNull(),
};

const isModes = (value: unknown): value is Mode | readonly Mode[] =>
  Array.isArray(value) ? value.length > 0 && value.every(isMode) : isMode(value);

const isMode = (value: unknown): value is Mode => value === 'min' || value === 'max';

/** The rules of {@link SearcherOptions}. */
export const SEARCHER_OPTIONS = optionsTable<SearcherOptions>()({
  seed: integer(0).required(),
  mode: ruleOf("one of 'min', 'max', or a list of them", isModes).required(),
  feasible: callback<(params: never) => boolean>(),
  ...OWN_RULES,
});

/**
 * The rules of the searcher options that the user of a sweep may set; the sweep sets the others.
 */
export const OWN_SEARCHER_OPTIONS =
  optionsTable<Omit<SearcherOptions, 'seed' | 'mode' | 'feasible'>>()(OWN_RULES);

/** All options, checked and with the defaults filled in. */
export type ResolvedSearcherOptions = ResolvedBy<typeof SEARCHER_OPTIONS>;

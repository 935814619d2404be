import { mustBeCount, mustBeMode, mustBeOptions } from '../../model/option-checks.js';

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

/** All options, checked and with the defaults filled in. */
export type ResolvedSearcherOptions = {
  readonly [K in keyof SearcherOptions]-?: NonNullable<SearcherOptions[K]>;
};

/** What the user of a sweep may say of its searcher; the rest comes from the sweep. */
export const FREE_NAMES = ['gridSteps', 'maxGridTrials', 'startupTrials', 'candidates'] as const;
const NAMES = ['seed', 'mode', ...FREE_NAMES];

/** @throws ExpmanError `INVALID_OPTION` */
export function resolveSearcherOptions(options: unknown): ResolvedSearcherOptions {
  mustBeOptions(options, NAMES);
  const { mode, ...given } = options as SearcherOptions;
  mustBeMode(mode);
  const integer = (name: keyof typeof given, min: number, max?: number, fallback?: number): number => {
    const value: unknown = given[name] ?? fallback;
    mustBeCount(name, value, min, max);
    return value;
  };
  return {
    seed: integer('seed', 0),
    mode,
    gridSteps: integer('gridSteps', 1, 10_000, 5),
    maxGridTrials: integer('maxGridTrials', 1, 1_000_000, 10_000),
    startupTrials: integer('startupTrials', 1, 10_000, 10),
    candidates: integer('candidates', 1, 10_000, 24),
  };
}

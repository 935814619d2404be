import { amount } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { Rungs } from './rungs.js';
import type { Scheduler } from './scheduler.js';

/** A first value beyond this many rungs says that `minResource` is on another scale. */
const FAR_RUNGS = 3;

/** Options of asynchronous successive halving. */
export interface SuccessiveHalvingOptions {
  /** The resource of the first rung: no trial is stopped before it; from 1 up, default 1. */
  readonly minResource?: number | undefined;
  /**
   * The factor between the resources of successive rungs, and the fraction of trials that pass (one
   * in n); from 2 up, default 4.
   */
  readonly reductionFactor?: number | undefined;
}

const OPTIONS = optionsTable<SuccessiveHalvingOptions>()({
  minResource: amount(1).byDefault(1),
  reductionFactor: amount(2).byDefault(4),
});

/**
 * Asynchronous successive halving (ASHA): Li et al., "A System for Massively Parallel
 * Hyperparameter Tuning", MLSys 2020 (arXiv 1810.05934, 2018), whose reduction factor of 4 is the
 * default.
 *
 * Implemented in the variant that stops trials rather than pausing them, as in Ray Tune: a trial
 * that reaches a rung (`minResource`, times `reductionFactor` for each following one) continues if
 * its loss there is among the best `1 / reductionFactor` of all that have reached the rung so far,
 * and always if it is the best of them; so the first always does. NaN at a rung is worse than any
 * number, and is stopped. A value counts for the highest rung it has reached, so a
 * metric that is logged seldom is judged once for each value at most. Keeps one number for each
 * trial and rung, also across a restart.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function successiveHalving(options: SuccessiveHalvingOptions = {}): Scheduler {
  const resolved = OPTIONS.resolve(options);
  const rungs = new Rungs(resolved);
  return {
    stops: (report) => rungs.stops(report),
    courseOf: (trial) => rungs.courseOf(trial),
    recall: (trial, course) => rungs.recall(trial, course),
    remark: ({ resource }) =>
      rungs.rungAt(resource) < FAR_RUNGS
        ? null
        : `the first value of a trial is at ${resource}, far beyond minResource ${resolved.minResource}: ` +
          'set minResource to the resource of an early value',
  };
}

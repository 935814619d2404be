import { amount } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import type { Report, Scheduler } from './scheduler.js';

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
 * and always if it is the best of them; so the first always does. Keeps one number for each trial
 * and rung, also across a restart.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function successiveHalving(options: SuccessiveHalvingOptions = {}): Scheduler {
  const { minResource, reductionFactor } = OPTIONS.resolve(options);
  const rungs: number[][] = [];
  /** The losses of each trial at the rungs that it has reached. */
  const courses = new Map<number, [resource: number, loss: number][]>();
  const stops = ({ trial, resource, loss }: Report): boolean => {
    const course = courses.get(trial) ?? [];
    const at = course.length;
    if (resource < minResource * reductionFactor ** at) return false;
    course.push([resource, loss]);
    courses.set(trial, course);
    const losses = (rungs[at] ??= []);
    losses.push(loss);
    losses.sort((one, other) => one - other);
    const cutoff = losses[Math.max(1, Math.floor(losses.length / reductionFactor)) - 1] ?? Infinity;
    return loss > cutoff;
  };
  return {
    stops,
    courseOf: (trial) => courses.get(trial) ?? [],
    recall: (trial, course) => {
      for (const [resource, loss] of course) stops({ trial, resource, loss });
    },
  };
}

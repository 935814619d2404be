import { amount, invalidOption } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { Rungs } from './rungs.js';
import type { Scheduler } from './scheduler.js';

/** The fractional part of the golden ratio; its multiples fill an interval evenly. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Options of Hyperband. */
export interface HyperbandOptions {
  /**
   * The resource of a trial that runs to its end, in steps: the R of the paper; from 1 up, at least
   * `minResource`.
   */
  readonly maxResource: number;
  /** The least resource at which a trial is stopped; from 1 up, default 1. */
  readonly minResource?: number | undefined;
  /** The factor between successive rungs and brackets, η in the paper; from 2 up, default 3. */
  readonly reductionFactor?: number | undefined;
}

const OPTIONS = optionsTable<HyperbandOptions>()({
  maxResource: amount(1).required(),
  minResource: amount(1).byDefault(1),
  reductionFactor: amount(2).byDefault(3),
});

/**
 * Hyperband: Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization",
 * ICLR 2017 (JMLR 18, 2018), whose reduction factor of 3 is the default.
 *
 * Several brackets of successive halving side by side, of which each begins to stop trials later
 * than the one before, and the last never does: trials that start slowly, and win, survive in a
 * late one. Each trial belongs to one bracket, by its number alone; the brackets have trials in the
 * proportions of the paper. Within a bracket trials are stopped as by `asha`, without waiting for
 * others.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function hyperband(options: HyperbandOptions): Scheduler {
  const { maxResource, minResource, reductionFactor } = OPTIONS.resolve(options);
  if (maxResource < minResource)
    throw invalidOption('maxResource', `a number from minResource, ${minResource}, up`, maxResource);
  const brackets: { readonly rungs: Rungs; readonly share: number }[] = [];
  const most = new Rungs({ minResource, reductionFactor }).rungAt(maxResource);
  // n of the paper, ceil((sMax + 1) / (s + 1) * η ** s), summed up over the brackets so far.
  let total = 0;
  for (let bracket = most; bracket >= 0; bracket--) {
    const first = bracket === 0 ? Infinity : minResource * reductionFactor ** (most - bracket);
    total += Math.ceil(((most + 1) / (bracket + 1)) * reductionFactor ** bracket);
    brackets.push({ rungs: new Rungs({ minResource: first, reductionFactor }), share: total });
  }
  const rungsOf = (trial: number): Rungs => {
    const place = (((trial + 0.5) * GOLDEN) % 1) * total;
    return (brackets.find(({ share }) => place < share) ?? brackets[0]!).rungs;
  };
  return {
    stops: (report) => report.resource < maxResource && rungsOf(report.trial).stops(report),
    courseOf: (trial) => rungsOf(trial).courseOf(trial),
    recall: (trial, course) => rungsOf(trial).recall(trial, course),
    remark: ({ resource }) =>
      resource <= maxResource
        ? null
        : `the first value of a trial is at ${resource}, beyond maxResource ${maxResource}: ` +
          'set maxResource to the last step of a trial that runs to its end',
  };
}

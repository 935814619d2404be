import { amount, integer } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import type { Scheduler, TrialReport } from './scheduler.js';

/** Options of the patience rule. */
export interface PatienceOptions {
  /** The number of values in a row that may bring no improvement; from 1 up, default 10. */
  readonly patience?: number | undefined;
  /** The least change of the metric that is an improvement; from 0 up, default 0: any. */
  readonly minDelta?: number | undefined;
  /** The resource below which no trial is stopped; from 1 up, default 1. */
  readonly minResource?: number | undefined;
}

const OPTIONS = optionsTable<PatienceOptions>()({
  patience: integer(1).byDefault(10),
  minDelta: amount(0).byDefault(0),
  minResource: amount(1).byDefault(1),
});

/**
 * Stops a trial that no longer improves: `patience` values in a row without a loss that is lower
 * than the best so far by more than `minDelta`. NaN is no improvement. Trials are not compared with
 * each other.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function patienceRule(options: PatienceOptions = {}): Scheduler {
  const { patience, minDelta, minResource } = OPTIONS.resolve(options);
  const trials = new Map<number, { best: number; idle: number }>();
  return {
    stops: ({ trial, resource, loss }: TrialReport) => {
      const state = trials.get(trial) ?? { best: Infinity, idle: 0 };
      trials.set(trial, state);
      if (loss < state.best - minDelta) {
        state.best = loss;
        state.idle = 0;
      } else state.idle++;
      return resource >= minResource && state.idle >= patience;
    },
    recall: (trial) => trials.delete(trial),
  };
}

import { amount, invalidOption } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import type { Scheduler } from './scheduler.js';

/** Options of the threshold rule; at least one of `below` and `above`. */
export interface ThresholdOptions {
  /** Stops a trial whose metric is below this. */
  readonly below?: number | undefined;
  /** Stops a trial whose metric is above this. */
  readonly above?: number | undefined;
  /** The resource before which no trial is stopped; from 1 up, default 1. */
  readonly minResource?: number | undefined;
}

const OPTIONS = optionsTable<ThresholdOptions>()({
  below: amount(-Infinity, Infinity),
  above: amount(-Infinity, Infinity),
  minResource: amount(1).byDefault(1),
});

/**
 * Stops a trial whose metric is outside some bounds, in the metric's own direction, or is no
 * number. Trials are not compared with each other.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function thresholdRule(options: ThresholdOptions): Scheduler {
  const { below, above, minResource } = OPTIONS.resolve(options);
  if (below === undefined && above === undefined)
    throw invalidOption('scheduler', 'a threshold with below, above or both', options);
  return {
    stops: ({ resource, value }) =>
      resource >= minResource && !(value >= (below ?? -Infinity) && value <= (above ?? Infinity)),
  };
}

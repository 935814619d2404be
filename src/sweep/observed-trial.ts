import { valuesOf, violationOf } from '../pure/sweep-front.js';
import type { Outcome } from './searchers/searcher.js';
import type { SweepPlan, TrialRecord } from './sweep-file.js';

/** Returns what a searcher is told of an ended trial: its value or values, and further facts. */
export function observedOf(
  plan: SweepPlan,
  record: TrialRecord,
): readonly [value: number | readonly number[] | null, outcome: Outcome] {
  const { trial, status } = record;
  const values = status === 'failed' ? [] : valuesOf(plan, record);
  // Nobody knows whether a trial that was stopped before it logged their metrics keeps its constraints.
  const violation = violationOf(plan, record) ?? Infinity;
  const value = values.length > 1 ? values : (values[0] ?? null);
  return [value, { trial, stopped: status === 'stopped', violation }];
}

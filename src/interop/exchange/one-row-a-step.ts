import type { MetricRow, MetricValue } from '../../model/metric.js';
import { rowValues } from './made-row.js';

/**
 * Joins consecutive rows of one step, as long as no metric has two different values: tools that
 * write a row for each call of their loggers have several for a step.
 *
 * A row's time is that of its first part.
 */
export async function* oneRowAStep(rows: AsyncIterable<MetricRow>): AsyncGenerator<MetricRow, void> {
  let held: MetricRow | null = null;
  for await (const row of rows) {
    const before: MetricRow | null = held;
    held = row;
    if (before === null) continue;
    if (canJoin(before, row))
      held = { ...before, values: rowValues([...entriesOf(before), ...entriesOf(row)]) };
    else yield before;
  }
  if (held !== null) yield held;
}

const entriesOf = ({ values }: MetricRow): [string, MetricValue][] => Object.entries(values);

/** Equal values, such as an epoch that each row repeats, do not keep rows apart; equal rows do. */
const canJoin = (one: MetricRow, other: MetricRow): boolean => {
  if ((one.step ?? null) === null || one.step !== other.step) return false;
  const entries = entriesOf(other);
  const has = (metric: string): boolean => Object.hasOwn(one.values, metric);
  return (
    entries.some(([metric]) => !has(metric)) &&
    entries.every(([metric, value]) => !has(metric) || Object.is(one.values[metric], value))
  );
};

import { definitionOf, type Goal, type MetricDefinition, statisticOf } from '../pure/metric-definition.js';
import type { MetricValue } from './metric.js';
import type { RunFacts } from './run-facts.js';

/**
 * Returns the value that stands for a metric of a run: the statistic of its definition, or its last
 * value; undefined if the run does not have the metric.
 */
export function figureOf(
  { metrics, definitions }: Pick<RunFacts, 'metrics' | 'definitions'>,
  metric: string,
): MetricValue | undefined {
  const summary = metrics.get(metric);
  return summary?.[statisticOf(definitionOf(definitions, metric))] ?? summary?.last;
}

/**
 * Returns one property of a metric's or summary value's definition over several runs: that of the
 * newest run that defines it.
 */
export function definedIn<K extends keyof MetricDefinition>(
  property: K,
  runs: readonly Pick<RunFacts, 'definitions' | 'startedAt'>[],
  name: string,
): MetricDefinition[K] | undefined {
  let newest = '';
  let found: MetricDefinition[K] | undefined;
  for (const { definitions, startedAt } of runs) {
    const own = definitionOf(definitions, name)[property];
    if (own === undefined || startedAt < newest) continue;
    newest = startedAt;
    found = own;
  }
  return found;
}

/** Returns the best of some values by a goal; undefined if none is a number or boolean. */
export function bestOf(values: readonly (MetricValue | undefined)[], goal: Goal): number | undefined {
  const numbers = values.flatMap((value) =>
    value === undefined || typeof value === 'string' || Number.isNaN(Number(value)) ? [] : [Number(value)],
  );
  if (numbers.length === 0) return undefined;
  return numbers.reduce((best, each) => (goal === 'min' ? Math.min(best, each) : Math.max(best, each)));
}

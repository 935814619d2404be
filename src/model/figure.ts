import { definitionOf, statisticOf } from '../pure/metric-definition.js';
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

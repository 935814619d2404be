import type { RunFactsAnswer } from '../../api.js';
import { definedOver } from '../facts/figures.js';

/** An axis of curves: `step`, `time` or `metric:NAME`. */
export type Axis = string;

/** The x axes of some metrics. */
export interface Axes {
  readonly of: (metric: string) => Axis;
  /** The axis of metrics without a definition, or the one that was chosen for all. */
  readonly usual: Axis;
}

/**
 * Returns the axes of metrics: the chosen one, else what the definition of each says. An axis that
 * no run has logged is as good as none, and a metric is not drawn over itself.
 *
 * @param known - the names of all metrics with a curve
 */
export function axesOf(
  runs: readonly RunFactsAnswer[],
  metrics: readonly string[],
  { chosen, known }: { readonly chosen: Axis | null; readonly known: readonly string[] },
): ReadonlyMap<string, Axis> {
  const defined = definedOver(runs);
  const names = new Set(known);
  const axisOf = (metric: string): Axis => {
    const x = defined('x', metric);
    if (x === 'time') return x;
    return x === undefined || x === 'step' || x === metric || !names.has(x) ? 'step' : `metric:${x}`;
  };
  return new Map(metrics.map((metric) => [metric, chosen ?? axisOf(metric)]));
}

import type { MetricRow, MetricValue } from '../../model/metric.js';

/**
 * Makes the values of a row; every metric becomes an own property, whatever its name.
 *
 * An object without a prototype would do as well, but cost a reader of a million rows ten seconds.
 */
export function rowValues(entries: readonly (readonly [string, MetricValue])[]): MetricRow['values'] {
  const values: Record<string, MetricValue> = {};
  for (const [metric, value] of entries) {
    if (metric === '__proto__')
      Object.defineProperty(values, metric, { value, enumerable: true, writable: true, configurable: true });
    else values[metric] = value;
  }
  return values;
}

import { type Observable, filter, map } from 'rxjs';
import { invalidOption } from '../../model/option-rules.js';
import type { MetricPoint, MetricRow } from '../../model/metric.js';

/**
 * Emits the numbers of one metric among rows; a boolean is 1 or 0, text is left out. @throws
 * ExpmanError `INVALID_OPTION`
 */
export function metricPoints(rows$: Observable<MetricRow>, name: string): Observable<MetricPoint> {
  if (typeof name !== 'string') throw invalidOption('name', 'the name of a metric', name);
  return rows$.pipe(
    map((row) => pointOf(row, name)),
    filter((point) => point !== null),
  );
}

function pointOf({ step = null, timestamp, values }: MetricRow, name: string): MetricPoint | null {
  if (!Object.hasOwn(values, name)) return null;
  const value = values[name];
  if (value === undefined || typeof value === 'string') return null;
  return { step, value: Number(value), timestamp: timestamp ?? Date.now() };
}

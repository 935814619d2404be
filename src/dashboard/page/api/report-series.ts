import type { Series } from '../../api.js';
import type { ReportSeries } from '../../report-data.js';
import type { SeriesQuery } from './api.js';

/** Returns a curve of a report over the requested x and range; null if there is no such curve. */
export function reportSeries(
  run: string,
  all: readonly ReportSeries[],
  metric: string,
  { x: axis, from = -Infinity, to = Infinity }: SeriesQuery,
): Series | null {
  const series = all.find((each) => each.metric === metric);
  if (series === undefined) return null;
  const marks = new Map(series.nonFinite);
  const ends = new Map(series.stretches.map(([at, count, mean]) => [at, [count, mean] as const]));
  const xs = axis === 'time' ? series.time : axis === 'step' ? series.step : byMetric(all, axis, series);
  const kept = series.y
    .map((y, index) => ({ x: xs[index] ?? NaN, y, mark: marks.get(index), end: ends.get(index) }))
    .filter(({ x }) => x >= from && x <= to)
    .sort((one, other) => one.x - other.x);
  return {
    ...{ run, metric, values: series.values, isExact: series.isExact },
    x: kept.map(({ x }) => x),
    y: kept.map(({ y }) => y),
    nonFinite: kept.flatMap(({ mark }, index): [number, string][] =>
      mark === undefined ? [] : [[index, mark]],
    ),
    stretches: kept.flatMap(({ end }, index): [number, number, number][] =>
      end === undefined ? [] : [[index, ...end]],
    ),
  };
}

/**
 * Returns the other metric at the same steps; null at steps where it has no point in the report.
 */
function byMetric(all: readonly ReportSeries[], axis: string, { step }: ReportSeries): (number | null)[] {
  const other = all.find(({ metric }) => `metric:${metric}` === axis);
  const values = new Map(other?.step.map((at, index) => [at, other.y[index] ?? null]) ?? []);
  return step.map((at) => values.get(at) ?? null);
}

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
 * Returns another metric at the same rows: its value there, else the latest one before. Of a metric
 * whose points in the report are a sample, only values at the same steps are known.
 */
function byMetric(
  all: readonly ReportSeries[],
  axis: string,
  { step, time, over }: ReportSeries,
): readonly (number | null)[] {
  const name = axis.replace(/^metric:/, '');
  if (over?.metric === name) return over.x;
  const other = all.find(({ metric }) => metric === name);
  if (other === undefined) return [];
  const values = new Map(other.step.map((at, index) => [at, other.y[index] ?? null]));
  if (!other.isExact) return step.map((at) => values.get(at) ?? null);
  const known = other.y
    .flatMap((y, index) => (y === null ? [] : [{ y, ...rowAt(other, index) }]))
    .sort(byRow);
  const rows = step.map((_, index) => ({ index, ...rowAt({ step, time }, index) })).sort(byRow);
  const out: (number | null)[] = [];
  let next = 0;
  for (const row of rows) {
    while (next < known.length && byRow(known[next]!, row) <= 0) next++;
    const same = values.get(row.step);
    out[row.index] = same === undefined ? (known[next - 1]?.y ?? null) : same;
  }
  return out;
}

interface Row {
  readonly step: number;
  readonly time: number;
}

const rowAt = ({ step, time }: Pick<ReportSeries, 'step' | 'time'>, index: number): Row => ({
  step: step[index] ?? NaN,
  time: time[index] ?? NaN,
});

/** The order in which rows were logged; those of one moment by their step. */
const byRow = (one: Row, other: Row): number => one.time - other.time || one.step - other.step;

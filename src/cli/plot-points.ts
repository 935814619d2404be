import { from, lastValueFrom, toArray } from 'rxjs';
import { CurveBuilder } from '../dashboard/data/curve-builder.js';
import type { MetricValue } from '../model/metric.js';
import type { StoredRun } from '../reader/stored-run.js';
import { ema } from '../stream/operators/ema.js';
import type { Point, Undrawn } from './plot-drawing.js';

/** More points than this per column of the plot cannot be told apart. */
const POINTS_PER_COLUMN = 4;

/** The axes of a curve. */
export interface Axes {
  /** `step`, `time` in seconds since the first row, or a metric. */
  readonly x: string;
  /** The weight of the moving average; 0 for none. */
  readonly smooth: number;
  readonly isLog: boolean;
}

/** Reads the points of a metric that can be drawn, in the order of x. */
export async function pointsOf(
  stored: StoredRun,
  metric: string,
  width: number,
  { x: axis, smooth, isLog }: Axes,
): Promise<{ readonly points: readonly Point[]; readonly isWhole: boolean }> {
  const points: Point[] = [];
  const isOverMetric = axis !== 'step' && axis !== 'time';
  let isWhole = true;
  let begun: number | null = null;
  let index = 0;
  let latest: number | null = null;
  // Smoothing needs every value, and so does an x of another row; an unsmoothed curve over steps
  // only shows the peaks of each column.
  const sample = smooth === 0 && !isOverMetric ? { downsample: width * POINTS_PER_COLUMN } : {};
  const columns = isOverMetric ? [metric, axis] : [metric];
  for await (const { step, timestamp, values } of stored.rows({ columns, inherited: true, ...sample })) {
    const value = values[metric];
    begun ??= timestamp;
    if (isOverMetric && isDrawn(values[axis])) latest = Number(values[axis]);
    const x = isOverMetric ? latest : axis === 'time' ? (timestamp - begun) / 1000 : Number(step ?? index);
    index++;
    if (!isDrawn(value) || x === null || !Number.isFinite(x)) continue;
    const y = Number(value);
    if (undrawnAs(y, isLog) === null) points.push([x, y]);
    else isWhole = false;
  }
  points.sort(([one], [other]) => one - other);
  const drawn = smooth === 0 ? thinned(points, width) : await smoothed(points, smooth);
  return { points: drawn, isWhole };
}

/** Counts all values that cannot be drawn; the points come from a sample of the rows. */
export async function undrawnOf(stored: StoredRun, metric: string, { isLog }: Axes): Promise<Undrawn> {
  const counts: Record<string, number> = {};
  for await (const { values } of stored.rows({ columns: [metric], inherited: true })) {
    const value = values[metric];
    const kind = isDrawn(value) ? undrawnAs(Number(value), isLog) : null;
    if (kind !== null) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The kind of a value that cannot be drawn; null if it can. */
export function undrawnAs(y: number, isLog: boolean): string | null {
  if (!Number.isFinite(y)) return String(y);
  return isLog && y <= 0 ? 'at or below 0' : null;
}

/** True if a value can be part of a curve: a number, or a boolean as 0 or 1; not a text. */
const isDrawn = (value: MetricValue | undefined): boolean => value !== undefined && typeof value !== 'string';

async function smoothed(points: readonly Point[], weight: number): Promise<readonly Point[]> {
  const smooth = await lastValueFrom(from(points.map(([, y]) => y)).pipe(ema(1 - weight), toArray()), {
    defaultValue: [],
  });
  return points.map(([x], index) => [x, smooth[index] ?? NaN]);
}

/** Keeps at most some points per column: of each stretch the ends, the lowest and the highest. */
function thinned(points: readonly Point[], width: number): readonly Point[] {
  const curve = new CurveBuilder(width * POINTS_PER_COLUMN);
  for (const [x, y] of points) curve.add(x, y);
  const { x, y } = curve.drawn();
  return x.map((at, index): Point => [at, y[index] ?? NaN]);
}

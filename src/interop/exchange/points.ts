import { ExpmanError } from '../../model/errors.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';
import { rowValues } from './made-row.js';

/**
 * The most values of a run; tools that keep each metric separately yield one at a time, and all
 * wait in memory.
 *
 * @bound refuses: CORRUPT, with the number
 */
const MAX_POINTS = 20_000_000;

/** One value of one metric. */
interface Point {
  readonly metric: string;
  readonly step: number | null;
  readonly micros: number | null;
  readonly value: MetricValue;
}

/**
 * Combines metrics that were stored separately into rows: values of the same step and time form one
 * row.
 */
export class PointRows {
  private readonly points: Point[] = [];

  constructor(private readonly path: string) {}

  /** @throws {@link ExpmanError} `CORRUPT` for over 20 million values */
  add(metric: string, step: number | null, micros: number | null, value: MetricValue): void {
    if (this.points.length >= MAX_POINTS)
      throw new ExpmanError('CORRUPT', `${this.path} has more than ${MAX_POINTS} values`, {
        path: this.path,
      });
    this.points.push({ metric, step, micros, value });
  }

  /** Yields the rows by time, then by step; otherwise in the order the values were added. */
  *rows(): Generator<MetricRow, void> {
    const ordered = [...this.points.entries()].sort(
      ([i, a], [j, b]) => (a.micros ?? 0) - (b.micros ?? 0) || (a.step ?? -1) - (b.step ?? -1) || i - j,
    );
    let row: Map<string, MetricValue> = new Map();
    let place: Point | null = null;
    for (const [, point] of ordered) {
      // A metric that has two values at once gets two rows.
      const isSame = point.step === place?.step && point.micros === place.micros && !row.has(point.metric);
      if (!isSame && place !== null) yield rowOf(place, row);
      if (!isSame) row = new Map();
      row.set(point.metric, point.value);
      place = point;
    }
    if (place !== null) yield rowOf(place, row);
  }
}

const rowOf = ({ step, micros }: Point, values: ReadonlyMap<string, MetricValue>): MetricRow => ({
  step,
  ...(micros !== null && { timestamp: micros / 1000 }),
  values: rowValues([...values]),
});

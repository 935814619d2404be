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
 * A value joins the latest row of its step if that is among the last 1,024, as in a run of ours.
 *
 * @bound loses nothing: an older row stays as it is, and the value begins a new one
 */
const JOINED_ROWS = 1024;

/** A row that may still get values. */
interface OpenRow {
  readonly at: number;
  readonly step: number | null;
  readonly micros: number | null;
  readonly values: Map<string, MetricValue>;
}

/**
 * Combines metrics that were stored separately into rows, as if they had been logged one after
 * another: a value joins the latest row of its step, unless that has the metric already. The row's
 * time is that of its first value. Values without a step form a row if their times are the same.
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
    const rows: OpenRow[] = [];
    const latest = new Map<number | null, OpenRow>();
    for (const [, { metric, step, micros, value }] of ordered) {
      const known = latest.get(step);
      const isOpen =
        known !== undefined &&
        !known.values.has(metric) &&
        (step === null ? known.micros === micros : rows.length - known.at <= JOINED_ROWS);
      if (isOpen) {
        known.values.set(metric, value);
        continue;
      }
      const row = { at: rows.length, step, micros, values: new Map([[metric, value]]) };
      rows.push(row);
      latest.set(step, row);
    }
    for (const row of rows) yield rowOf(row);
  }
}

const rowOf = ({ step, micros, values }: OpenRow): MetricRow => ({
  step,
  ...(micros !== null && { timestamp: micros / 1000 }),
  values: rowValues([...values]),
});

import { Observable } from 'rxjs';
import type { LiveMetric, LiveSnapshot } from '../../model/live.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';
import { milliseconds } from '../../model/option-rules.js';
import type { Step } from '../../model/step.js';

/** The default period of {@link liveSnapshots}, in milliseconds. */
export const DEFAULT_LIVE_MS = 100;
/** The number of rows between two readings of the clock; a row costs less than a reading. */
const ROWS_PER_LOOK = 16;

/**
 * Samples rows: one {@link LiveSnapshot} per period with new rows, and one at the end.
 *
 * The period is checked at rows as well as by a timer, so that a loop that never yields is sampled
 * too; the timer does not keep the process alive. Completes with the rows, never errors, and holds
 * one tally for each metric.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function liveSnapshots(rows$: Observable<MetricRow>, periodMs: number): Observable<LiveSnapshot> {
  milliseconds().check('periodMs', periodMs);
  return new Observable((subscriber) => {
    const tally = new LiveTally();
    let shownAt = performance.now();
    const show = (): void => {
      shownAt = performance.now();
      if (tally.changed) subscriber.next(tally.snapshot());
    };
    const timer = setInterval(show, periodMs).unref();
    const finish = (): void => {
      show();
      subscriber.complete();
    };
    subscriber.add(
      rows$.subscribe({
        next: (row) => {
          tally.add(row);
          if (tally.rows % ROWS_PER_LOOK === 0 && performance.now() - shownAt >= periodMs) show();
        },
        error: finish,
        complete: finish,
      }),
    );
    return () => clearInterval(timer);
  });
}

interface Running {
  last: MetricValue;
  count: number;
  numbers: number;
  sum: number;
  min: number;
  max: number;
}

class LiveTally {
  rows = 0;
  changed = false;
  private step: Step | null = null;
  private firstStep: Step | null = null;
  private lastStep: Step | null = null;
  private readonly metrics = new Map<string, Running>();
  private readonly openedAt = performance.now();
  private before = { at: this.openedAt, rows: 0 };

  add({ step, values }: MetricRow): void {
    this.rows++;
    this.changed = true;
    if (step !== null && step !== undefined) {
      this.step = step;
      this.firstStep ??= step;
      if (this.lastStep === null || step > this.lastStep) this.lastStep = step;
    }
    for (const metric of Object.keys(values)) {
      const value = values[metric];
      if (value !== undefined) this.addValue(metric, value);
    }
  }

  snapshot(): LiveSnapshot {
    const now = performance.now();
    const { rows, step, firstStep, lastStep, openedAt, before, metrics } = this;
    const seconds = (now - before.at) / 1000;
    this.before = { at: now, rows };
    this.changed = false;
    return {
      step,
      firstStep,
      lastStep,
      rows,
      rowsPerSecond: seconds > 0 ? (rows - before.rows) / seconds : 0,
      elapsedMs: now - openedAt,
      values: Object.fromEntries([...metrics].map(([metric, { last }]) => [metric, last])),
      metrics: new Map([...metrics].map(([metric, running]) => [metric, shown(running)])),
    };
  }

  private addValue(metric: string, value: MetricValue): void {
    let running = this.metrics.get(metric);
    if (running === undefined) {
      running = { last: value, count: 0, numbers: 0, sum: 0, min: NaN, max: NaN };
      this.metrics.set(metric, running);
    }
    running.last = value;
    running.count++;
    if (typeof value === 'string') return;
    const number = Number(value);
    if (number !== number) return;
    running.numbers++;
    running.sum += number;
    if (!(number >= running.min)) running.min = number;
    if (!(number <= running.max)) running.max = number;
  }
}

const shown = ({ last, count, numbers, sum, min, max }: Running): LiveMetric => ({
  last,
  count,
  min,
  max,
  mean: numbers > 0 ? sum / numbers : NaN,
});

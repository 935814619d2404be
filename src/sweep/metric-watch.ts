import type { MetricPoint, MetricRow } from '../model/metric.js';
import type { Step } from '../model/step.js';
import type { LoggedValue } from './executor.js';

/** Reports in a row whose resource does not grow, from which it is no coincidence. */
const IDLE_REPORTS = 3;

/** The value of a trial's metric that counts, and its step. */
export interface Reported {
  readonly value: number;
  readonly step: Step | null;
}

/**
 * Follows a trial's metric: its last value, its best value, and the resource spent. NaN counts as a
 * value, but is never the best; so does a text, which is no number either.
 */
export class MetricWatch {
  private last: Reported | null = null;
  private best: Reported | null = null;
  private count = 0;
  private furthest = -Infinity;
  private idle = 0;
  private sawNumber = false;
  private lastIsText = false;

  constructor(
    private readonly wanted: 'last' | 'best',
    private readonly sign: 1 | -1,
  ) {}

  /** Adds the metric's value in a row; returns what it makes of it, or null if the row has none. */
  add({ step = null, timestamp, values }: MetricRow, metric: string): LoggedValue | null {
    const given = Object.hasOwn(values, metric) ? values[metric] : undefined;
    if (given === undefined) return null;
    this.lastIsText = typeof given === 'string';
    this.sawNumber ||= !this.lastIsText;
    const value = this.lastIsText ? NaN : Number(given);
    return this.addPoint({ step, value, timestamp: timestamp ?? Date.now() });
  }

  /** Adds a value that another process has taken from a row. */
  addPoint(point: MetricPoint): LoggedValue {
    const { step, value } = point;
    this.count++;
    this.last = { value, step };
    const resource = this.resource;
    this.idle = resource > this.furthest ? 0 : this.idle + 1;
    this.furthest = Math.max(this.furthest, resource);
    if (!Number.isNaN(value) && (this.best === null || this.sign * value < this.sign * this.best.value))
      this.best = this.last;
    const counted = this.reported?.value ?? NaN;
    const report = { resource, loss: this.sign * counted, value: counted };
    return { ...point, report, isFirst: this.count === 1, oddity: this.oddity };
  }

  /** The reason why no value counts, as a predicate of the metric. */
  get lack(): string {
    if (!this.sawNumber) return 'was never reported as a number';
    if (this.best === null) return 'was never anything but NaN';
    return this.lastIsText ? 'was a text at the end' : 'was NaN at the end';
  }

  /**
   * The value that counts so far; null if there is no number, or if the last one is wanted and is
   * NaN.
   */
  get reported(): Reported | null {
    const { last, best } = this;
    if (this.wanted === 'best') return best;
    return last === null || Number.isNaN(last.value) ? null : last;
  }

  /** The reason why a scheduler cannot place the values of the trial; null if it can. */
  private get oddity(): string | null {
    if (this.count === 1 && this.resource < 1)
      return 'its steps are negative, where no scheduler stops a trial';
    if (this.idle < IDLE_REPORTS) return null;
    return 'its steps do not grow, so a scheduler cannot tell how far it has come; log with a step that grows, or without one';
  }

  private get resource(): number {
    const step = this.last?.step ?? null;
    return step === null ? this.count : Number(step) + 1;
  }
}

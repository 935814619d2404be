import type { MetricPoint } from '../model/metric.js';
import type { Step } from '../model/step.js';

/** The value of a trial's metric that counts, and its step. */
export interface Reported {
  readonly value: number;
  readonly step: Step | null;
}

/**
 * Follows a trial's metric: its last value, its best value, and the resource spent. NaN counts as a
 * value, but is never the best.
 */
export class MetricWatch {
  private last: Reported | null = null;
  private best: Reported | null = null;
  private count = 0;

  constructor(
    private readonly wanted: 'last' | 'best',
    private readonly sign: 1 | -1,
  ) {}

  /** Adds a point; returns the report for the scheduler, or null for a NaN. */
  add({ step, value }: MetricPoint): { readonly resource: number; readonly loss: number } | null {
    this.count++;
    this.last = { value, step };
    if (Number.isNaN(value)) return null;
    if (this.best === null || this.sign * value < this.sign * this.best.value) this.best = this.last;
    const counts = this.reported?.value ?? value;
    return { resource: step === null ? this.count : Number(step) + 1, loss: this.sign * counts };
  }

  /** The reason why no value counts, as a predicate of the metric. */
  get lack(): string {
    if (this.last === null) return 'was never reported as a number';
    return this.best === null ? 'was never anything but NaN' : 'was NaN at the end';
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
}

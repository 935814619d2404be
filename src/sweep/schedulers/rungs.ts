import type { TrialCourse, TrialReport } from './scheduler.js';

/** The first rung and the factor between rungs. */
export interface RungOptions {
  readonly minResource: number;
  readonly reductionFactor: number;
}

/**
 * The rungs of successive halving, at `minResource` times each power of `reductionFactor`.
 *
 * A value counts for the highest rung that it has reached, once for each trial: rungs in between,
 * for which a trial has reported nothing, are passed over. Keeps one number for each trial and
 * rung.
 */
export class Rungs {
  /** The losses at each rung, by trial. */
  private readonly losses = new Map<number, Map<number, number>>();
  private readonly courses = new Map<number, [resource: number, loss: number][]>();
  /** The highest rung of each trial. */
  private readonly reached = new Map<number, number>();

  constructor(private readonly options: RungOptions) {}

  /** Adds a value; returns true if the trial is at a new rung and not among the best there. */
  stops({ trial, resource, loss }: Omit<TrialReport, 'value'>): boolean {
    const rung = this.rungAt(resource);
    if (rung <= (this.reached.get(trial) ?? -1)) return false;
    this.reached.set(trial, rung);
    // NaN is the worst value there is, and an order needs numbers.
    const ranked = Number.isNaN(loss) ? Infinity : loss;
    const losses = this.losses.get(rung) ?? new Map<number, number>();
    this.losses.set(rung, losses.set(trial, ranked));
    const course = this.courses.get(trial) ?? [];
    course.push([resource, ranked]);
    this.courses.set(trial, course);
    if (Number.isNaN(loss)) return true;
    const sorted = [...losses.values()].sort((one, other) => one - other);
    const passing = Math.max(1, Math.floor(sorted.length / this.options.reductionFactor));
    return ranked > (sorted[passing - 1] ?? Infinity);
  }

  /** Returns the highest rung at or below a resource, from 0; -1 below the first. */
  rungAt(resource: number): number {
    const { minResource, reductionFactor } = this.options;
    let rung = -1;
    for (let next = minResource; next <= resource && next < Infinity; next *= reductionFactor) rung++;
    return rung;
  }

  courseOf(trial: number): TrialCourse {
    return this.courses.get(trial) ?? [];
  }

  recall(trial: number, course: TrialCourse): void {
    this.courses.delete(trial);
    this.reached.delete(trial);
    for (const losses of this.losses.values()) losses.delete(trial);
    for (const [resource, loss] of course) this.stops({ trial, resource, loss });
  }
}

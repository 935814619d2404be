/** A value of a trial, as a scheduler sees it. */
export interface Report {
  /** The trial's number. */
  readonly trial: number;
  /**
   * The resource spent on the trial: its step plus one, or the number of values if rows have no
   * step.
   */
  readonly resource: number;
  /** The value to minimise: the metric, with its sign inverted if greater is better; never NaN. */
  readonly loss: number;
}

/**
 * The record that a scheduler keeps of a trial, to compare others with: a loss at each of some
 * resources, in order.
 */
export type Course = readonly (readonly [resource: number, loss: number])[];

/**
 * Decides which trials continue.
 *
 * It is notified of every value that a trial logs, and its decisions depend on nothing else.
 */
export interface Scheduler {
  /** Reports a value of a trial; returns true if the trial should be stopped. */
  stops(report: Report): boolean;
  /** Returns the scheduler's record of a trial; some dozens of numbers at most. */
  courseOf(trial: number): Course;
  /**
   * Restores the record of a trial that another scheduler of the same kind has kept, before any
   * report of that trial.
   */
  recall(trial: number, course: Course): void;
}

/** Lets every trial run to its end. */
export const noScheduler: Scheduler = { stops: () => false, courseOf: () => [], recall: () => undefined };

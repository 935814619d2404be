/** A value that a trial has reported, as a scheduler sees it. */
export interface TrialReport {
  /** The trial's number. */
  readonly trial: number;
  /**
   * The resource spent on the trial: its step plus one, or the number of values if rows have no
   * step. It is the scale on which trials are compared.
   */
  readonly resource: number;
  /**
   * The value to minimise: what counts of the metric so far, its last or best value, with the sign
   * inverted if greater is better. NaN if that is no number, which is worse than any number.
   */
  readonly loss: number;
  /** The same in the metric's own direction. */
  readonly value: number;
}

/**
 * The record that a scheduler keeps of a trial, to compare others with: a loss at each of some
 * resources, in order.
 */
export type TrialCourse = readonly (readonly [resource: number, loss: number])[];

/**
 * Decides which trials continue.
 *
 * It is notified of every value that a trial logs, and its decisions should depend on nothing else.
 * What it throws ends the sweep. Without `courseOf` and `recall` it knows nothing, after a restart,
 * of the trials before.
 *
 * @example
 * const hopeless: Scheduler = { stops: ({ resource, loss }) => resource >= 10 && !(loss < 5) };
 * sweep(space, train, { name: 'digits', metric: 'loss', scheduler: hopeless });
 */
export interface Scheduler {
  /** Reports a value of a trial; returns true if the trial should be stopped. */
  stops(report: TrialReport): boolean;
  /**
   * Returns the scheduler's record of a trial, of at most 1,000 pairs. It is kept in `sweep.yaml`;
   * some dozens of numbers are plenty.
   */
  courseOf?(trial: number): TrialCourse;
  /**
   * Replaces what is known of a trial by a record that `courseOf` gave earlier: at a restart, or
   * with an empty record, before another attempt at the trial.
   */
  recall?(trial: number, course: TrialCourse): void;
  /**
   * Says why it cannot judge a trial well by its first value, such as a step far beyond its options;
   * null if it can. The sweep passes the first one on as a warning.
   */
  remark?(first: TrialReport): string | null;
}

/** Lets every trial run to its end. */
export const noScheduler: Scheduler = { stops: () => false };

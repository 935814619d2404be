/** One value of a trial, as a scheduler sees it. */
export interface Report {
  /** The trial's number. */
  readonly trial: number;
  /** How much has been spent on the trial: its step plus one, or how many values came where rows have no step. */
  readonly resource: number;
  /** What is to be as small as can be: the metric, its sign turned where more is better; never NaN. */
  readonly loss: number;
}

/** What a scheduler keeps of a trial, for others to be compared with: a number for each of some resources, in their order. */
export type Course = readonly (readonly [resource: number, loss: number])[];

/**
 * Decides which trials go on.
 *
 * It hears of every value that a trial logs, and of nothing else; what it answers depends on what it has heard.
 */
export interface Scheduler {
  /** Takes in a value of a trial; true when the trial is not worth going on with. */
  stops(report: Report): boolean;
  /** What it keeps of a trial; some dozens of numbers at the most. */
  courseOf(trial: number): Course;
  /** Takes back what another of its kind has kept of a trial, before anything else is heard of that. */
  recall(trial: number, course: Course): void;
}

/** Lets every trial run to its end. */
export const noScheduler: Scheduler = { stops: () => false, courseOf: () => [], recall: () => undefined };

/** One value of a trial, as a scheduler sees it. */
export interface Report {
  /** The trial's number. */
  readonly trial: number;
  /** How much has been spent on the trial: its step plus one, or how many values came where rows have no step. */
  readonly resource: number;
  /** What is to be as small as can be: the metric, its sign turned where more is better; never NaN. */
  readonly loss: number;
}

/**
 * Decides which trials go on.
 *
 * It hears of every value that a trial logs, and of nothing else; what it answers depends on what it has heard.
 */
export interface Scheduler {
  /** Takes in a value of a trial; true when the trial is not worth going on with. */
  stops(report: Report): boolean;
}

/** Lets every trial run to its end. */
export const noScheduler: Scheduler = { stops: () => false };

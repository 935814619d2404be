/** The state of a run; run.yaml holds these words under `status:`. */
export const RunStatus = {
  /** Open, or cut off with its owner not yet known to be dead. */
  Running: 'RUNNING',
  /** Closed as planned. */
  Finished: 'FINISHED',
  /**
   * Closed with an error that the caller reported, or its process exited with a code other than 0.
   */
  Failed: 'FAILED',
  /** Its process died (a kill, a power cut, an uncaught exception). */
  Crashed: 'CRASHED',
  /** Stopped on purpose before its end: a signal, or `process.exit(0)` before close. */
  Interrupted: 'INTERRUPTED',
} as const;

/** The state of a run. */
export type RunStatus = (typeof RunStatus)[keyof typeof RunStatus];

/** Tells if a word is one of {@link RunStatus}. */
export function isRunStatus(word: unknown): word is RunStatus {
  return Object.values(RunStatus).some((status) => status === word);
}

import type { RowIntake } from './row-intake.js';

const intakes = new WeakMap<object, RowIntake>();

/** Lets rows that another thread has taken for `run` go into its intake, with the time they have from there. */
export function admitForwarded(run: object, intake: RowIntake): void {
  intakes.set(run, intake);
}

/** The intake of a run that this thread has opened, past its doors. */
export function intakeOf(run: object): RowIntake {
  const intake = intakes.get(run);
  if (intake === undefined) throw new TypeError('the run was opened by another thread');
  return intake;
}

import type { RowIntake } from './row-intake.js';

const intakes = new WeakMap<object, RowIntake>();

/**
 * Registers the intake of `run` for rows that another thread has accepted, with their timestamps
 * from there.
 */
export function admitForwarded(run: object, intake: RowIntake): void {
  intakes.set(run, intake);
}

/** Returns the intake of a run that this thread has opened, bypassing its public methods. */
export function intakeOf(run: object): RowIntake {
  const intake = intakes.get(run);
  if (intake === undefined) throw new TypeError('the run was opened by another thread');
  return intake;
}

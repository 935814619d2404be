/** Returns the name of the run of an attempt at a trial. */
export const trialRunName = (number: number, attempt: number): string =>
  `trial-${String(number).padStart(4, '0')}${attempt === 0 ? '' : `.${attempt}`}`;

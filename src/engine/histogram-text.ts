import { ExpmanError, messageOf } from '../model/errors.js';
import { type HistogramInput, type HistogramOptions, histogram } from '../model/histogram.js';
import type { RowIntake } from './row-intake.js';

/** The histogram of some numbers as a metric's value; null for what has none, which the run refuses as it refuses a value. */
export function histogramText(
  intake: RowIntake,
  metric: string,
  values: HistogramInput,
  options?: HistogramOptions,
): string | null {
  try {
    return histogram(values, options);
  } catch (error) {
    const told = error instanceof ExpmanError ? error : new ExpmanError('INVALID_VALUE', messageOf(error));
    intake.refuse(metric, told);
    return null;
  }
}

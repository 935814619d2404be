import { ExpmanError, messageOf, stringOf } from '../../model/errors.js';
import { type HistogramInput, type HistogramOptions, histogram } from '../../model/histogram.js';
import type { RowIntake } from './row-intake.js';

/**
 * Makes the histogram of numbers as the values of a row; null for invalid input, which the run
 * refuses like an invalid value.
 */
export function histogramRow(
  intake: RowIntake,
  name: string,
  values: HistogramInput,
  options?: HistogramOptions,
): Readonly<Record<string, string>> | null {
  const metric = stringOf(name);
  try {
    return { [metric]: histogram(values, options) };
  } catch (error) {
    const refusal = error instanceof ExpmanError ? error : new ExpmanError('INVALID_VALUE', messageOf(error));
    intake.refuse(metric, refusal);
    return null;
  }
}

/**
 * Smooths values by an exponential moving average, debiased as TensorBoard does it: the first values count in full.
 *
 * What is no finite number (null) stays where it is and does not count.
 *
 * @param weight of what came before, from 0 (nothing is smoothed) to below 1
 */
export function smoothed(values: readonly (number | null)[], weight: number): readonly (number | null)[] {
  if (weight <= 0) return values;
  let [average, share] = [0, 1];
  return values.map((value) => {
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    share *= weight;
    return average / (1 - share);
  });
}

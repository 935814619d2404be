import { shareOf, valueOf } from '../../../pure/span.js';
import { type Curve, stretchesOf } from './curve.js';

/**
 * Smooths a curve by an exponential moving average, debiased as TensorBoard does it: the first
 * values count in full.
 *
 * A stretch of a thinned curve counts as all the values it stands for, each equal to their mean;
 * between the ends of stretches the average is interpolated linearly. Values that are not finite
 * (null) stay in place and do not count.
 *
 * @param weight - the weight of the average so far, from 0 (no smoothing) to below 1
 */
export function smoothed(
  curve: Pick<Curve, 'x' | 'y' | 'stretches'>,
  weight: number,
): readonly (number | null)[] {
  const { x, y } = curve;
  if (weight <= 0) return y;
  const out: (number | null)[] = y.map(() => null);
  let [average, share] = [0, 1];
  let before = -1;
  for (const [end, count, mean] of stretchesOf(curve)) {
    const kept = weight ** count;
    average = kept * average + (1 - kept) * mean;
    share *= kept;
    const here = average / (1 - share);
    const from = out[before] ?? here;
    for (let at = before + 1; at <= end; at++) {
      const stretch = { from: x[before] ?? x[end]!, to: x[end]! };
      const part = stretch.to > stretch.from ? shareOf(stretch, x[at]!) : 1;
      if (y[at] !== null) out[at] = part === 1 ? here : valueOf({ from, to: here }, part);
    }
    before = end;
  }
  // The points of a stretch that was cut before its end.
  for (let at = before + 1; at < y.length; at++) if (y[at] !== null) out[at] = out[before] ?? null;
  return out;
}

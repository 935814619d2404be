import { normalDensity, normalShareBelow } from '../space/normal-law.js';
import type { Prediction } from './gaussian-process.js';

/** Below this, the density and the share cancel. */
const FAR = -5;

/**
 * The logarithm of the expected improvement over a value that is to be undercut.
 *
 * S. Ament, S. Daulton, D. Eriksson, M. Balandat and E. Bakshy, "Unexpected Improvements to Expected
 * Improvement for Bayesian Optimization", NeurIPS 2023: the logarithm stays informative where the
 * improvement itself is 0 in doubles. Far below, by the asymptotic series of the normal law's tail.
 */
export function logExpectedImprovement({ mean, variance }: Prediction, best: number): number {
  const deviation = Math.sqrt(variance);
  const z = (best - mean) / deviation;
  if (z > FAR) return Math.log(deviation) + Math.log(normalDensity(z) + z * normalShareBelow(z));
  const square = 1 / (z * z);
  const series = square * (1 - square * (3 - square * 15));
  return Math.log(deviation) - 0.5 * z * z - 0.5 * Math.log(2 * Math.PI) + Math.log(series);
}

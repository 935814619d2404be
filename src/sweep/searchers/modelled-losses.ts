import type { Observation } from './observation.js';

/**
 * Returns the losses of observations as a Gaussian process can model them: of mean 0 and variance 1,
 * and compressed logarithmically above the median, because losses of bad parameters often grow
 * without bounds and would flatten all others. A trial without a finite value, or one that breaks
 * constraints, counts as the worst.
 */
export function modelledLosses(observations: readonly Observation[]): Float64Array {
  const finite = observations
    .flatMap(({ losses, violation }) => (losses === null || violation > 0 ? [] : losses[0]!))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const [least, median, worst] = [finite[0] ?? 0, finite[finite.length >> 1] ?? 0, finite.at(-1) ?? 0];
  const spread = median - least || worst - least || 1;
  const modelled = Float64Array.from(observations, ({ losses, violation }) => {
    const loss = losses === null || violation > 0 ? worst : Math.min(Math.max(losses[0]!, least), worst);
    return Math.log1p((loss - least) / spread);
  });
  const mean = modelled.reduce((sum, value) => sum + value, 0) / modelled.length;
  const variance = modelled.reduce((sum, value) => sum + (value - mean) ** 2, 0) / modelled.length;
  return modelled.map((value) => (value - mean) / (Math.sqrt(variance) || 1));
}

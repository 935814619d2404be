import { eigenOf, type Eigen, type Square } from './algebra.js';
import { randomStream } from '../../pure/random-stream.js';
import type { Point } from './unit-cube.js';

/** The distribution that CMA-ES draws from, and the paths along which it has moved. */
export interface CmaState {
  readonly mean: Point;
  readonly sigma: number;
  readonly covariance: Square;
  readonly eigen: Eigen;
  readonly sigmaPath: Float64Array;
  readonly covariancePath: Float64Array;
  /** The number of generations since the last restart. */
  readonly generation: number;
  /** The number of restarts. */
  readonly restarts: number;
  /** The least loss of each of the last generations. */
  readonly bests: readonly number[];
}

/** The first step size, a fifth of the cube's edge: Hansen advises about a third of half the range or less. */
const FIRST_SIGMA = 0.2;
/** Below this spread everywhere, all further trials would be the same. */
const LEAST_SPREAD = 1e-9;
/** A covariance matrix of a greater condition is no longer exact in doubles. */
const ILL_CONDITION = 1e14;

/** Returns the first state, or that after some restarts, whose mean is drawn at random. */
export function initialState(
  size: number,
  { seed, restarts }: { readonly seed: number; readonly restarts: number },
): CmaState {
  const random = randomStream(seed, 0, restarts);
  const covariance = new Float64Array(size * size);
  for (let at = 0; at < size; at += 1) covariance[at * size + at] = 1;
  return {
    mean: Float64Array.from({ length: size }, () => (restarts === 0 ? 0.5 : random())),
    sigma: FIRST_SIGMA,
    covariance,
    eigen: eigenOf(covariance, size),
    sigmaPath: new Float64Array(size),
    covariancePath: new Float64Array(size),
    generation: 0,
    restarts,
    bests: [],
  };
}

/** The number of trials of a generation: 4 + 3 ln n, doubled by each restart. */
export const generationSize = (size: number, restarts: number): number =>
  (4 + Math.floor(3 * Math.log(size))) * 2 ** restarts;

/** The strategy's constants: N. Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, table 1. */
function constantsOf(size: number, lambda: number) {
  const raw = Array.from({ length: lambda }, (_, at) => Math.log((lambda + 1) / 2) - Math.log(at + 1));
  const mu = Math.floor(lambda / 2);
  const massOf = (part: readonly number[]): number =>
    part.reduce((a, b) => a + b, 0) ** 2 / (part.reduce((a, b) => a + b * b, 0) || 1);
  const mass = massOf(raw.slice(0, mu));
  const c1 = 2 / ((size + 1.3) ** 2 + mass);
  const cMu = Math.min(1 - c1, (2 * (0.25 + mass + 1 / mass - 2)) / ((size + 2) ** 2 + mass));
  const cSigma = (mass + 2) / (size + mass + 5);
  const gains = raw.slice(0, mu).reduce((a, b) => a + b, 0);
  const losses = raw.reduce((sum, weight) => sum + Math.max(-weight, 0), 0) || 1;
  const negative = Math.min(
    1 + c1 / cMu,
    1 + (2 * massOf(raw.slice(mu))) / (massOf(raw.slice(mu)) + 2),
    (1 - c1 - cMu) / (size * cMu),
  );
  return {
    weights: raw.map((weight, at) => (at < mu ? weight / gains : (Math.min(weight, 0) * negative) / losses)),
    mu,
    mass,
    c1,
    cMu,
    cSigma,
    cC: (4 + mass / size) / (size + 4 + (2 * mass) / size),
    damping: 1 + 2 * Math.max(0, Math.sqrt((mass - 1) / (size + 1)) - 1) + cSigma,
    /** The expected length of a standard normal vector. */
    chi: Math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size * size)),
  };
}

/**
 * Returns the state after a generation.
 *
 * Follows the tutorial's figure 6, with negative weights for the worse half. The points need not be
 * drawn from the state itself: with several trials at a time some are of an earlier one, others may
 * have been put in by hand; steps that are too long for the state are shortened (N. Hansen,
 * "Injecting External Solutions Into CMA-ES", arXiv:1110.4181).
 *
 * @param points - the points of the generation, the best first
 * @param best - the least loss of the generation
 */
export function nextState(state: CmaState, points: readonly Point[], best: number): CmaState {
  const size = state.mean.length;
  const { weights, mu, mass, c1, cMu, cSigma, cC, damping, chi } = constantsOf(size, points.length);
  const longest = Math.sqrt(size) + (2 * size) / (size + 2);
  const whitened = points.map((point) => {
    const step = whiten(
      state,
      point.map((x, at) => (x - state.mean[at]!) / state.sigma),
    );
    return { step, length: lengthOf(step) };
  });
  const steps = points.map((point, at) => {
    const shortened = Math.min(1, longest / (whitened[at]!.length || 1));
    return point.map((x, axis) => ((x - state.mean[axis]!) / state.sigma) * shortened);
  });
  const shift = new Float64Array(size);
  for (let at = 0; at < mu; at += 1)
    for (let axis = 0; axis < size; axis += 1) shift[axis]! += weights[at]! * steps[at]![axis]!;
  const white = whiten(state, shift);
  const along = Math.sqrt(cSigma * (2 - cSigma) * mass);
  const sigmaPath = state.sigmaPath.map((x, axis) => (1 - cSigma) * x + along * white[axis]!);
  const generation = state.generation + 1;
  const norm = lengthOf(sigmaPath);
  const isSlow = norm / Math.sqrt(1 - (1 - cSigma) ** (2 * generation)) < (1.4 + 2 / (size + 1)) * chi;
  const alongC = isSlow ? Math.sqrt(cC * (2 - cC) * mass) : 0;
  const covariancePath = state.covariancePath.map((x, axis) => (1 - cC) * x + alongC * shift[axis]!);
  const scales = weights.map((weight, at) => {
    if (weight >= 0) return weight;
    const length = Math.min(whitened[at]!.length, longest);
    return (weight * size) / (length * length || 1);
  });
  const kept = 1 - c1 - cMu * weights.reduce((a, b) => a + b, 0) + (isSlow ? 0 : c1 * cC * (2 - cC));
  const covariance = state.covariance.map((x, pair) => {
    const [row, column] = [Math.floor(pair / size), pair % size];
    const rankMu = steps.reduce((sum, step, at) => sum + scales[at]! * step[row]! * step[column]!, 0);
    return kept * x + c1 * covariancePath[row]! * covariancePath[column]! + cMu * rankMu;
  });
  return {
    mean: state.mean.map((x, axis) => Math.min(Math.max(x + state.sigma * shift[axis]!, 0), 1)),
    sigma: Math.min(state.sigma * Math.exp(Math.min(1, (cSigma / damping) * (norm / chi - 1))), 1),
    covariance,
    eigen: eigenOf(covariance, size),
    sigmaPath,
    covariancePath,
    generation,
    restarts: state.restarts,
    bests: [...state.bests, best].slice(-(10 + Math.ceil((30 * size) / points.length))),
  };
}

/** Multiplies by the inverse root of the covariance matrix. */
function whiten({ eigen: { values, vectors } }: CmaState, step: Float64Array): Float64Array {
  const size = step.length;
  const out = new Float64Array(size);
  for (let of = 0; of < size; of += 1) {
    let along = 0;
    for (let at = 0; at < size; at += 1) along += vectors[at * size + of]! * step[at]!;
    along /= Math.sqrt(Math.max(values[of]!, Number.MIN_VALUE));
    for (let at = 0; at < size; at += 1) out[at]! += vectors[at * size + of]! * along;
  }
  return out;
}

const lengthOf = (vector: Float64Array): number => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));

/** True if a state leads no further, and another start is better. */
export function isSpent({ sigma, eigen: { values }, bests, mean }: CmaState, lambda: number): boolean {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (!(least > 0) || most / least > ILL_CONDITION || sigma * Math.sqrt(most) < LEAST_SPREAD) return true;
  const isFull = bests.length >= 10 + Math.ceil((30 * mean.length) / lambda);
  return isFull && Math.max(...bests) === Math.min(...bests);
}

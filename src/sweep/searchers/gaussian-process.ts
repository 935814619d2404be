import { cholesky, inverseOf, solveLower, solveUpper, type Square } from './algebra.js';

/** The place of a trial among the others: coordinates whose squared differences add up. */
export type Feature = Float64Array;

/** The parameters of the kernel. */
export interface Kernel {
  /** One over the length scale of each coordinate. */
  readonly rates: Float64Array;
  /** The variance of the function. */
  readonly scale: number;
  /** The variance of the noise. */
  readonly noise: number;
}

/** A mean and a variance, without the noise. */
export interface Prediction {
  readonly mean: number;
  readonly variance: number;
}

/** A Gaussian process that knows some values, and predicts others. */
export type GaussianProcess = (feature: Feature) => Prediction;

/** Values at places. */
export interface Sample {
  readonly features: readonly Feature[];
  /** Of mean 0 and variance 1. */
  readonly values: Float64Array;
}

const ROOT_5 = Math.sqrt(5);
/** The least noise; without any, places that almost coincide make the matrix singular. */
const LEAST_NOISE = 1e-6;
/** Steps of the fit; the likelihood hardly rises after some 30. */
const FIT_STEPS = 40;
const [NARROWEST_STEP, WIDEST_STEP] = [1e-3, 1];
/** Bounds of the logarithms of the kernel's parameters, far beyond where their priors lead. */
const [LEAST_LOG, MOST_LOG] = [-12, 8];

/**
 * Conditions a process on a sample; far away from it the mean is 0.
 *
 * C. E. Rasmussen and C. K. I. Williams, "Gaussian Processes for Machine Learning", 2006, algorithm
 * 2.1.
 */
export function gaussianProcess({ features, values }: Sample, kernel: Kernel): GaussianProcess {
  const size = features.length;
  const { scale } = kernel;
  const stretched = features.map((feature) => feature.map((x, at) => x * kernel.rates[at]!));
  const squares = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < row; column += 1)
      squares[row * size + column] = squaredDistance(stretched[row]!, stretched[column]!);
  const factor = factorOf(squares, size, kernel);
  const weights = solveUpper(factor, solveLower(factor, values));
  return (feature) => {
    const place = feature.map((x, at) => x * kernel.rates[at]!);
    const near = new Float64Array(size);
    let mean = 0;
    for (let at = 0; at < size; at += 1) {
      near[at] = scale * matern(squaredDistance(place, stretched[at]!));
      mean += near[at]! * weights[at]!;
    }
    const known = solveLower(factor, near).reduce((sum, part) => sum + part * part, 0);
    return { mean, variance: Math.max(scale - known, 1e-12) };
  };
}

/** The covariance of Matérn 5/2 at a squared distance, for a variance of 1. */
function matern(squared: number): number {
  const scaled = ROOT_5 * Math.sqrt(squared);
  return (1 + scaled + (5 / 3) * squared) * Math.exp(-scaled);
}

function squaredDistance(a: Feature, b: Feature): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) {
    const difference = a[at]! - b[at]!;
    sum += difference * difference;
  }
  return sum;
}

/** Returns the factor of the covariance matrix; with more noise if it is singular in doubles. */
function factorOf(squares: Square, size: number, { scale, noise }: Kernel): Square {
  const matrix = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < row; column += 1)
      matrix[row * size + column] = scale * matern(squares[row * size + column]!);
  for (let added = noise; ; added *= 10) {
    for (let row = 0; row < size; row += 1) matrix[row * size + row] = scale + added;
    const factor = cholesky(matrix, size);
    if (factor !== null) return factor;
  }
}

/**
 * Returns the kernel under which a sample is most likely: Matérn 5/2 with a length scale for each
 * coordinate (Rasmussen and Williams, section 5.4.1), the priors of scales and noise being those of
 * Optuna's `GPSampler`. Climbs by the signs of the gradient: Rprop of M. Riedmiller and H. Braun, "A
 * Direct Adaptive Method for Faster Backpropagation Learning", 1993.
 */
export function fittedKernel(sample: Sample): Kernel {
  const likelihood = likelihoodOf(sample);
  const count = sample.features[0]?.length ?? 0;
  // The logarithms of the squared rates, of the scale and of the noise.
  const logs = new Float64Array(count + 2);
  logs[count + 1] = Math.log(1e-2);
  const steps = logs.map(() => 0.3);
  let before: Float64Array = new Float64Array(logs.length);
  let [best, most] = [kernelAt(logs), -Infinity];
  for (let step = 0; step < FIT_STEPS; step += 1) {
    const kernel = kernelAt(logs);
    const { height, gradient } = likelihood(kernel);
    if (height > most) [best, most] = [kernel, height];
    for (let at = 0; at < logs.length; at += 1) {
      const agreement = gradient[at]! * before[at]!;
      if (agreement < 0) gradient[at] = 0;
      const grown = steps[at]! * (agreement < 0 ? 0.5 : agreement > 0 ? 1.2 : 1);
      steps[at] = Math.min(Math.max(grown, NARROWEST_STEP), WIDEST_STEP);
      const moved = logs[at]! + Math.sign(gradient[at]!) * steps[at]!;
      logs[at] = Math.min(Math.max(moved, LEAST_LOG), MOST_LOG);
    }
    before = gradient;
  }
  return best;
}

function kernelAt(logs: Float64Array): Kernel {
  const count = logs.length - 2;
  return {
    rates: logs.slice(0, count).map((log) => Math.exp(log / 2)),
    scale: Math.exp(logs[count]!),
    noise: Math.max(Math.exp(logs[count + 1]!), LEAST_NOISE),
  };
}

/** The logarithm of a likelihood with its priors, and its gradient by the logarithms of the parameters. */
interface Likelihood {
  readonly height: number;
  readonly gradient: Float64Array;
}

function likelihoodOf({ features, values }: Sample): (kernel: Kernel) => Likelihood {
  const size = features.length;
  const count = features[0]?.length ?? 0;
  // The squared differences of each pair, a coordinate after the other.
  const gaps = new Float64Array(size * size * count);
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < row; column += 1)
      for (let at = 0; at < count; at += 1)
        gaps[(row * size + column) * count + at] = (features[row]![at]! - features[column]![at]!) ** 2;
  return (kernel) => {
    const { scale, noise } = kernel;
    const weights = kernel.rates.map((rate) => rate * rate);
    const squares = new Float64Array(size * size);
    for (let pair = 0; pair < size * size; pair += 1)
      for (let at = 0; at < count; at += 1) squares[pair]! += weights[at]! * gaps[pair * count + at]!;
    const factor = factorOf(squares, size, kernel);
    const half = solveLower(factor, values);
    const alpha = solveUpper(factor, half);
    const inverse = inverseOf(factor, size);
    const gradient = new Float64Array(count + 2);
    let height = -0.5 * half.reduce((sum, part) => sum + part * part, 0);
    for (let row = 0; row < size; row += 1) {
      height -= Math.log(factor[row * size + row]!);
      const own = 0.5 * (alpha[row]! ** 2 - inverse[row * size + row]!);
      gradient[count]! += own * scale;
      gradient[count + 1]! += own * noise;
      for (let column = 0; column < row; column += 1) {
        const pair = row * size + column;
        const pull = alpha[row]! * alpha[column]! - inverse[pair]!;
        const scaled = ROOT_5 * Math.sqrt(squares[pair]!);
        const fall = pull * scale * Math.exp(-scaled);
        gradient[count]! += fall * (1 + scaled + (5 / 3) * squares[pair]!);
        const slope = (-5 / 6) * fall * (1 + scaled);
        for (let at = 0; at < count; at += 1)
          gradient[at]! += slope * weights[at]! * gaps[pair * count + at]!;
      }
    }
    return withPriors({ height, gradient }, { weights, scale, noise });
  };
}

function withPriors(
  { height, gradient }: Likelihood,
  {
    weights,
    scale,
    noise,
  }: { readonly weights: Float64Array; readonly scale: number; readonly noise: number },
): Likelihood {
  const count = weights.length;
  let prior = Math.log(scale) - scale + 0.1 * Math.log(noise) - 30 * noise;
  weights.forEach((weight, at) => {
    prior -= 0.1 / weight + 0.1 * weight;
    gradient[at]! += 0.1 / weight - 0.1 * weight;
  });
  gradient[count]! += 1 - scale;
  gradient[count + 1]! += 0.1 - 30 * noise;
  return { height: height + prior, gradient };
}

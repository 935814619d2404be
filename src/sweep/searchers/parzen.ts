import { normalDensity, normalQuantile, normalShareBelow } from '../space/normal-law.js';
import type { Dimension } from '../space/space-tree.js';
import { type Axis, axisOf } from './axis.js';
import type { RandomStream } from '../../pure/random-stream.js';

/** A density over the values of some dimensions, estimated from samples. */
export interface Density {
  /** The logarithm of the density, or of the probability, of such values; always finite. */
  readonly logDensity: (values: readonly number[]) => number;
}

/** A density that values are drawn from. */
export interface Estimate extends Density {
  /** Draws a value for each dimension. */
  readonly draw: (random: RandomStream) => readonly number[];
}

/** One kernel for each sample and, last, that of the prior, in one dimension. */
interface Kernels {
  readonly draw: (kernel: number, random: RandomStream) => number;
  /** Adds the logarithm of each kernel's density at a value to a sum. */
  readonly addLogDensities: (value: number, sums: Float64Array) => void;
}

/**
 * The narrowest window is the prior's width over this, or over the number of windows if that is
 * less.
 */
const NARROWEST = 100;
/** Stands for the logarithm of 0. */
const LOG_LEAST = Math.log(Number.MIN_VALUE);

/**
 * A Parzen estimate over several dimensions at once: a mixture of one kernel around each sample and
 * of the prior's, each kernel being a product over the dimensions.
 *
 * The kernels over all dimensions are those of S. Falkner, A. Klein and F. Hutter, "BOHB: Robust and
 * Efficient Hyperparameter Optimization at Scale", ICML 2018: what is good together is drawn
 * together. Along a number a kernel is a truncated normal, as wide as the greater of the distances to
 * the neighbouring samples (Bergstra et al. 2011, section 4), within the bounds of Optuna's "magic
 * clip": at most the prior's width, at least that over min(100, number of kernels + 1); the outermost
 * look inwards only. Along a choice a kernel gives its option 1 and every option a share of the
 * prior.
 *
 * @param samples - the values of the dimensions, each sample in the order of the dimensions; their
 * own order does not matter
 */
export function parzenEstimate(
  dimensions: readonly Dimension[],
  samples: readonly (readonly number[])[],
): Estimate {
  const kernels = kernelsIn(dimensions, samples);
  const weights = new Float64Array(samples.length + 1).fill(1);
  return {
    draw: (random) => {
      const kernel = Math.floor(random() * weights.length);
      return kernels.map(({ draw }) => draw(kernel, random));
    },
    ...densityOf(kernels, weights),
  };
}

/** The density of a {@link parzenEstimate} in which the samples have weights above 0; the prior's is 1. */
export function parzenDensity(
  dimensions: readonly Dimension[],
  samples: readonly (readonly number[])[],
  weights: readonly number[],
): Density {
  return densityOf(kernelsIn(dimensions, samples), Float64Array.of(...weights, 1));
}

const kernelsIn = (
  dimensions: readonly Dimension[],
  samples: readonly (readonly number[])[],
): readonly Kernels[] =>
  dimensions.map((dimension, at) =>
    kernelsOf(
      dimension,
      samples.map((sample) => sample[at]!),
    ),
  );

function densityOf(kernels: readonly Kernels[], weights: Float64Array): Density {
  const logTotal = Math.log(weights.reduce((sum, weight) => sum + weight, 0));
  const logWeights = weights.map(Math.log);
  return {
    logDensity: (values) => {
      const sums = Float64Array.from(logWeights);
      kernels.forEach(({ addLogDensities }, at) => addLogDensities(values[at]!, sums));
      return logOfSum(sums) - logTotal;
    },
  };
}

/** The logarithm of the sum of numbers whose logarithms are given. */
function logOfSum(logs: Float64Array): number {
  const most = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(most > LOG_LEAST)) return LOG_LEAST;
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
}

function kernelsOf(dimension: Dimension, values: readonly number[]): Kernels {
  return dimension.kind === 'choice'
    ? choiceKernels(dimension.optionCount, values)
    : numberKernels(axisOf(dimension.distribution), values);
}

function numberKernels(axis: Axis, values: readonly number[]): Kernels {
  const { low, high, cell } = axis;
  const places = values.map(axis.placeOf);
  const centres = Float64Array.of(...places, axis.mean);
  const widths = Float64Array.of(...widthsOf(axis, places), axis.deviation);
  const below = centres.map((centre, at) => normalShareBelow((low - centre) / widths[at]!));
  const within = centres.map((centre, at) => normalShareBelow((high - centre) / widths[at]!) - below[at]!);
  const logHeights = centres.map((_, at) => Math.log(normalDensity(0) / (widths[at]! * within[at]!)));
  return {
    draw: (kernel, random) => {
      const share = Math.min(Math.max(below[kernel]! + random() * within[kernel]!, 2 ** -54), 1 - 2 ** -53);
      const place = centres[kernel]! + widths[kernel]! * normalQuantile(share);
      return axis.valueAt(Math.min(Math.max(place, low), high));
    },
    addLogDensities: (value, sums) => {
      const place = axis.placeOf(value);
      for (let kernel = 0; kernel < sums.length; kernel += 1) {
        const width = widths[kernel]!;
        const at = (place - centres[kernel]!) / width;
        const half = cell / 2 / width;
        sums[kernel]! +=
          cell === 0
            ? logHeights[kernel]! - 0.5 * at * at
            : Math.log((normalShareBelow(at + half) - normalShareBelow(at - half)) / within[kernel]!);
      }
    },
  };
}

/** Returns the width of the kernel around each place, in their order. */
function widthsOf({ low, high, deviation }: Axis, places: readonly number[]): readonly number[] {
  const ranked = [...places.keys()].sort((a, b) => places[a]! - places[b]!);
  const narrowest = deviation / Math.min(NARROWEST, places.length + 2);
  const widths = places.map(() => deviation);
  const isAlone = places.length === 1;
  ranked.forEach((of, rank) => {
    const [before, after] = [ranked[rank - 1], ranked[rank + 1]];
    const left = before === undefined ? (isAlone ? places[of]! - low : 0) : places[of]! - places[before]!;
    const right = after === undefined ? (isAlone ? high - places[of]! : 0) : places[after]! - places[of]!;
    widths[of] = Math.min(Math.max(left, right, narrowest), deviation);
  });
  return widths;
}

function choiceKernels(optionCount: number, taken: readonly number[]): Kernels {
  const share = 1 / (taken.length + 1);
  const total = 1 + optionCount * share;
  const [logTaken, logOther] = [Math.log((1 + share) / total), Math.log(share / total)];
  const logPrior = -Math.log(optionCount);
  return {
    draw: (kernel, random) => {
      const option = taken[kernel];
      const isOwn = option !== undefined && random() * total < 1;
      return isOwn ? option : Math.floor(random() * optionCount);
    },
    addLogDensities: (value, sums) => {
      for (let kernel = 0; kernel < taken.length; kernel += 1)
        sums[kernel]! += taken[kernel] === value ? logTaken : logOther;
      sums[taken.length]! += logPrior;
    },
  };
}

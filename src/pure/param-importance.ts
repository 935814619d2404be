import { paramAxes } from './param-axes.js';
import { randomStream } from './random-stream.js';
import { type Leaf, type Side, type TreeSample, growTree } from './regression-tree.js';

/** How much of a metric a parameter decides. */
export interface ParamImportance {
  /** Its path, such as `optimizer.momentum`. */
  readonly param: string;
  /**
   * The share of the metric's variance over the whole space that is due to this parameter alone, from
   * 0 to 1. The shares of all parameters add up to at most 1; what is missing is due to several of them
   * together.
   */
  readonly importance: number;
  /** The number of trials that have the parameter. */
  readonly trials: number;
}

/** A trial, as far as importance needs it. */
export interface ImportanceTrial {
  /** Only `finished` trials count: the others have a value of another length of training. */
  readonly status: string;
  readonly params: unknown;
  readonly value: number | null;
}

/** With fewer trials nothing can be said. */
const FEWEST = 4;
const TREES = 64;
/** Trials that a tree is grown from; each tree draws others. */
const SAMPLE_SIZE = 500;
/** The number of distances between the quartiles beyond which a value counts as if it were there. */
const FAR = 3;

/**
 * Returns how much each parameter of a space decides of a metric, the most important first.
 *
 * The functional ANOVA of F. Hutter, H. Hoos and K. Leyton-Brown, "An Efficient Approach for Assessing
 * Hyperparameter Importance", ICML 2014: a random forest learns the metric from the trials, and its
 * variance over the space, all of it equally likely, is split into the parts of single parameters. It
 * sees effects that rise and fall again. Values far outside of the quartiles are drawn in to three
 * times their distance, so that one diverged trial does not decide. A parameter inside an option is
 * judged by the trials that took the option. The same trials give the same figures.
 *
 * @param space - the description of the space, as `describeSpace` returns it and `sweep.yaml` has it
 * @param trials - the trials of a sweep; those that did not finish, or have no finite value, are left
 * out
 * @returns nothing if fewer than four trials count, or if all have the same value
 * @example
 * const { trials } = await study.result;
 * paramImportance(describeSpace(space), trials); // [{ param: 'lr', importance: 0.93, trials: 60 }, …]
 */
export function paramImportance(space: unknown, trials: readonly ImportanceTrial[]): ParamImportance[] {
  const axes = paramAxes(space);
  const counted = trials.flatMap(({ status, params, value }) =>
    status === 'finished' && value !== null && Number.isFinite(value) ? [{ params, value }] : [],
  );
  const values = drawnIn(counted.map(({ value }) => value));
  if (axes.length === 0 || counted.length < FEWEST || values.every((value) => value === values[0])) return [];
  const places = counted.map(({ params }) => axes.map(({ placeOf }) => placeOf(params)));
  const shares = sharesOf({
    points: places,
    values,
    optionCounts: axes.map(({ optionCount }) => optionCount),
  });
  return axes
    .map(({ param }, at) => ({
      param,
      importance: shares[at]!,
      trials: places.filter((row) => row[at] !== null).length,
    }))
    .sort((one, other) => other.importance - one.importance);
}

function drawnIn(values: readonly number[]): readonly number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const [lower, upper] = [0.25, 0.75].map((share) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  const reach = FAR * (upper! - lower!);
  if (reach === 0) return values;
  return values.map((value) => Math.min(Math.max(value, lower! - reach), upper! + reach));
}

/** Returns the share of each axis: the mean over the trees of a forest. */
function sharesOf(sample: TreeSample): readonly number[] {
  const count = sample.points.length;
  const axisCount = sample.optionCounts.length;
  const random = randomStream(count);
  const sums = sample.optionCounts.map(() => 0);
  let grown = 0;
  for (let tree = 0; tree < TREES; tree += 1) {
    const members = Array.from({ length: Math.min(count, SAMPLE_SIZE) }, () => Math.floor(random() * count));
    const leaves = growTree(sample, members, {
      leastLeaf: count < 30 ? 2 : 3,
      axesPerSplit: Math.ceil((2 * axisCount) / 3),
      random,
    });
    const shares = treeShares(leaves, axisCount);
    if (shares === null) continue;
    grown += 1;
    shares.forEach((share, at) => (sums[at]! += share));
  }
  return sums.map((sum) => sum / Math.max(grown, 1));
}

/** Returns the share of each axis in the variance of a tree; null if it has none. */
function treeShares(leaves: readonly Leaf[], axisCount: number): readonly number[] | null {
  const widths = leaves.map(({ sides }) => sides.map(widthOf));
  const volumes = widths.map((row) => row.reduce((product, width) => product * width, 1));
  const mean = leaves.reduce((sum, { value }, at) => sum + value * volumes[at]!, 0);
  const variance = leaves.reduce((sum, { value }, at) => sum + volumes[at]! * (value - mean) ** 2, 0);
  if (!(variance > 0)) return null;
  return Array.from({ length: axisCount }, (_, axis) => {
    const parts = partsOf(leaves, axis);
    const spread = parts.reduce((sum, { share, covers }) => {
      const marginal = leaves.reduce(
        (total, { value, sides }, at) =>
          covers(sides[axis]!) ? total + (value * volumes[at]!) / widths[at]![axis]! : total,
        0,
      );
      return sum + share * (marginal - mean) ** 2;
    }, 0);
    return spread / variance;
  });
}

const widthOf = (side: Side): number =>
  'options' in side ? side.options.filter(Boolean).length / side.options.length : side.to - side.from;

/** A part of an axis over which no leaf begins or ends. */
interface Part {
  readonly share: number;
  readonly covers: (side: Side) => boolean;
}

function partsOf(leaves: readonly Leaf[], axis: number): readonly Part[] {
  const [first] = leaves;
  const side = first?.sides[axis];
  if (side === undefined) return [];
  if ('options' in side)
    return side.options.map((_, option) => ({
      share: 1 / side.options.length,
      covers: (of) => 'options' in of && of.options[option] === true,
    }));
  const borders = new Set(
    leaves.flatMap(({ sides }) => {
      const of = sides[axis]!;
      return 'options' in of ? [] : [of.from, of.to];
    }),
  );
  const sorted = [...borders].sort((a, b) => a - b);
  return sorted.slice(1).map((to, at) => {
    const from = sorted[at]!;
    return { share: to - from, covers: (of) => !('options' in of) && of.from <= from && of.to >= to };
  });
}

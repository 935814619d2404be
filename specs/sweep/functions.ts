import { createSearcher, uniform, type SearcherName } from 'expman-rx/sweep';

/** A function whose least value is known. */
export interface TestFunction {
  readonly title: string;
  /** The least and the greatest value of each coordinate. */
  readonly bounds: readonly (readonly [low: number, high: number])[];
  readonly least: number;
  readonly at: (point: readonly number[]) => number;
}

/** L. C. W. Dixon and G. P. Szegö, "The global optimization problem: an introduction", 1978; three minima, all global. */
export const branin: TestFunction = {
  title: 'Branin',
  bounds: [
    [-5, 10],
    [0, 15],
  ],
  least: 0.39788735772973816,
  at: ([x = 0, y = 0]) => {
    const valley = y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6;
    return valley ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  },
};

const HEIGHTS = [1, 1.2, 3, 3.2];
const SLOPES = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const CENTRES = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

/** The Hartmann function of six dimensions, from the same collection; six minima, one of them global. */
export const hartmann6: TestFunction = {
  title: 'Hartmann-6',
  bounds: Array.from({ length: 6 }, () => [0, 1] as const),
  least: -3.322368011415515,
  at: (point) =>
    -HEIGHTS.reduce((sum, height, hill) => {
      const distance = point.reduce(
        (total, x, at) => total + (SLOPES[hill]?.[at] ?? 0) * (x - (CENTRES[hill]?.[at] ?? 0)) ** 2,
        0,
      );
      return sum + height * Math.exp(-distance);
    }, 0),
};

/** How a searcher is tried. */
export interface Tried {
  readonly seed: number;
  readonly trials: number;
  /** The number of trials that are asked for before their values are told; default 1. */
  readonly atOnce?: number;
}

/** How far above the least value the best of some trials is. */
export function regretOf(
  name: SearcherName,
  { bounds, least, at }: TestFunction,
  { seed, trials, atOnce = 1 }: Tried,
): number {
  const space = Object.fromEntries(bounds.map(([low, high], axis) => [`x${axis}`, uniform(low, high)]));
  const searcher = createSearcher(name, space, { seed, mode: 'min' });
  let best = Infinity;
  for (let trial = 0; trial < trials; trial += atOnce) {
    const asked = Array.from({ length: Math.min(atOnce, trials - trial) }, (_, more) => trial + more);
    const suggested = asked.map((number) => searcher.suggest(number)?.params);
    for (const params of suggested.filter((each) => each !== undefined)) {
      const value = at(bounds.map((_, axis) => params[`x${axis}`]!));
      searcher.observe(params, value);
      best = Math.min(best, value);
    }
  }
  return best - least;
}

/** How many trials a searcher has. */
export const TRIALS = 100;

/** Over how many seeds a median is taken. */
export const SEEDS = 20;

/** The median of the regrets over some seeds; of an even number of them the mean of the middle two. */
export function medianRegret(name: SearcherName, testFunction: TestFunction, seeds = SEEDS): number {
  const regrets = Array.from({ length: seeds }, (_, seed) =>
    regretOf(name, testFunction, { seed, trials: TRIALS }),
  );
  const sorted = regrets.sort((a, b) => a - b);
  return ((sorted[(seeds - 1) >> 1] ?? NaN) + (sorted[seeds >> 1] ?? NaN)) / 2;
}

import {
  type SearcherName,
  type Space,
  choice,
  createSearcher,
  logUniform,
  randint,
  uniform,
} from 'expman-rx/sweep';
import { branin, hartmann6 } from '../sweep/functions.js';

/** A function to minimise, its least value being 0. */
export interface Problem {
  readonly name: string;
  readonly space: Space;
  readonly hasChoice: boolean;
  readonly at: (params: never) => number;
  /** The standard deviation of what is added to a value that a searcher is told. */
  readonly noise: number;
}

/** The regrets of all seeds. */
export interface Regrets {
  readonly after60: readonly number[];
  readonly after150: readonly number[];
}

type Numbers = Readonly<Record<string, number>>;

const cube = (size: number, low: number, high: number): Space =>
  Object.fromEntries(Array.from({ length: size }, (_, at) => [`x${at}`, uniform(low, high)]));
const pointOf = (params: Numbers, size: number): number[] =>
  Array.from({ length: size }, (_, at) => params[`x${at}`] ?? NaN);

/** H. H. Rosenbrock, "An Automatic Method for Finding the Greatest or Least Value of a Function", 1960. */
function rosenbrock(x: readonly number[]): number {
  return x.slice(1).reduce((sum, next, at) => sum + 100 * (next - x[at]! ** 2) ** 2 + (1 - x[at]!) ** 2, 0);
}

/** D. H. Ackley, "A Connectionist Machine for Genetic Hillclimbing", 1987. */
function ackley(x: readonly number[]): number {
  const mean = (of: (each: number) => number): number =>
    x.reduce((sum, each) => sum + of(each), 0) / x.length;
  const [squares, waves] = [mean((each) => each * each), mean((each) => Math.cos(2 * Math.PI * each))];
  return -20 * Math.exp(-0.2 * Math.sqrt(squares)) - Math.exp(waves) + 20 + Math.E;
}

interface Mixed {
  readonly opt:
    | { readonly kind: 'sgd'; readonly momentum: number }
    | { readonly kind: 'adam'; readonly beta: number }
    | { readonly kind: 'rms'; readonly eps: number };
  readonly lr: number;
  readonly layers: number;
  readonly act: 'relu' | 'tanh' | 'gelu' | 'elu';
  readonly units: number;
}

function ofOptimizer({ opt, lr }: Mixed): number {
  const level = Math.log10(lr);
  switch (opt.kind) {
    case 'sgd':
      return 0.35 + 0.3 * Math.abs(opt.momentum - 0.9) + 0.125 * (level + 1) ** 2;
    case 'adam':
      return 0.05 + 0.8 * Math.abs(opt.beta - 0.93) + 0.2 * (level + 3) ** 2;
    case 'rms':
      return 0.2 + 0.15 * Math.abs(Math.log10(opt.eps) + 6) + 0.2 * (level + 2.5) ** 2;
  }
}

function mixed(params: Mixed): number {
  const { layers, act, units } = params;
  const ofNet = 0.03 * (layers - 4) ** 2 + { relu: 0, tanh: 0.15, gelu: 0.02, elu: 0.1 }[act];
  return ofOptimizer(params) + ofNet + (0.1 * Math.abs(units / 64 - 6)) / 3;
}

const noisy = ({ lr = NaN, wd = NaN, drop = NaN, units = NaN }: Numbers): number =>
  (Math.log10(lr) + 2.7) ** 2 +
  0.3 * (Math.log10(wd) + 4) ** 2 +
  4 * (drop - 0.25) ** 2 +
  ((units - 160) / 100) ** 2;

/** The functions of the table; `mixed` is left with 0.05 at least, as its first option costs that. */
export const PROBLEMS: readonly Problem[] = [
  {
    name: 'branin',
    space: { x: uniform(-5, 10), y: uniform(0, 15) },
    at: ({ x = NaN, y = NaN }: Numbers) => branin.at([x, y]) - branin.least,
  },
  {
    name: 'hartmann6',
    space: cube(6, 0, 1),
    at: (params: Numbers) => hartmann6.at(pointOf(params, 6)) - hartmann6.least,
  },
  { name: 'rosenbrock5', space: cube(5, -5, 10), at: (params: Numbers) => rosenbrock(pointOf(params, 5)) },
  { name: 'ackley10', space: cube(10, -15, 30), at: (params: Numbers) => ackley(pointOf(params, 10)) },
  {
    name: 'mixed',
    space: {
      opt: choice(
        { kind: 'sgd', momentum: uniform(0, 1) },
        { kind: 'adam', beta: uniform(0.8, 0.999) },
        { kind: 'rms', eps: logUniform(1e-10, 1e-2) },
      ),
      lr: logUniform(1e-6, 1),
      layers: randint(1, 8),
      act: choice('relu', 'tanh', 'gelu', 'elu'),
      units: randint(16, 1024),
    },
    hasChoice: true,
    at: mixed,
  },
  {
    name: 'noisy',
    space: {
      lr: logUniform(1e-6, 1),
      wd: logUniform(1e-8, 1),
      drop: uniform(0, 0.8),
      units: randint(8, 512),
    },
    noise: 0.5,
    at: noisy,
  },
].map((problem) => ({ hasChoice: false, noise: 0, ...problem }));

/** How many trials run at a time, and whether the next begin when all of them have ended, or when one has. */
export interface Pace {
  readonly width: number;
  readonly inBatches?: boolean;
}

/** Tries a searcher with some seeds. */
export function regretsOf(name: SearcherName, problem: Problem, seeds: number, pace: Pace): Regrets {
  const each = Array.from({ length: seeds }, (_, seed) => bestsOf(name, problem, seed, pace));
  return { after60: each.map((bests) => bests[59] ?? NaN), after150: each.map((bests) => bests[149] ?? NaN) };
}

const TRIALS = 150;

/** Returns the true value of the trial that looked best, after each trial; those that began first end first. */
function bestsOf(
  name: SearcherName,
  { space, at, noise }: Problem,
  seed: number,
  { width, inBatches = false }: Pace,
): number[] {
  const searcher = createSearcher(name, space, { seed, mode: 'min' });
  const gauss = gaussFrom(seed + 1);
  const bests: number[] = [];
  const running: (Readonly<Record<string, unknown>> | undefined)[] = [];
  let [asked, seen, best] = [0, Infinity, Infinity];
  while (bests.length < TRIALS) {
    while (running.length < width && asked < TRIALS) running.push(searcher.suggest(asked++)?.params);
    for (const params of running.splice(0, inBatches ? width : 1)) {
      if (params === undefined) throw new Error(`${name} suggests nothing more`);
      const value = at(params as never);
      const told = value + noise * gauss();
      searcher.observe(params as never, told);
      if (told < seen) [seen, best] = [told, value];
      bests.push(best);
    }
  }
  return bests;
}

/** Normal numbers from a seed: mulberry32, and the transform of Box and Muller. */
function gaussFrom(seed: number): () => number {
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

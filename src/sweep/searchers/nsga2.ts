import type { SpaceTree } from '../space/space-tree.js';
import type { AssignmentSearcher, IsFeasible } from './assignment-searcher.js';
import { isValued, type Observation } from './observation.js';
import { byParetoRank } from './pareto-rank.js';
import { quasiRandomSearcher } from './quasi-random.js';
import { randomStream, type RandomStream } from '../../pure/random-stream.js';
import { unitCubeOf, type Point } from './unit-cube.js';

/** The settings of {@link nsga2Searcher}. */
export interface Nsga2Settings {
  readonly seed: number;
  /** The number of trials with a value, or running, before it breeds. */
  readonly startupTrials: number;
  readonly isFeasible: IsFeasible;
}

/**
 * The number of trials that parents are chosen from; Deb's 100 are for thousands of trials.
 *
 * @bound loses nothing: the others have been surpassed
 */
const POPULATION = 24;
/** The share of children that have two parents. */
const CROSSED = 0.9;
/** The distribution index of crossover and mutation: the greater, the nearer children are to their parents. */
const NEARNESS = 20;
/** Children made in vain, as they were not feasible, before a quasi-random trial is used. */
const TRIES = 100;

/**
 * NSGA-II: breeds trials from the best so far, those on the first Pareto fronts and far from each
 * other.
 *
 * K. Deb, A. Pratap, S. Agarwal and T. Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm:
 * NSGA-II", IEEE Transactions on Evolutionary Computation 6(2), 2002: tournaments of two, simulated
 * binary crossover and polynomial mutation on the scales of the distributions, and their rule for
 * constraints. The population is the best of all trials so far, so that every trial counts at once
 * and none has to be waited for: the steady-state form, which J. J. Durillo, A. J. Nebro, F. Luna and
 * E. Alba, "On the Effect of the Steady-State Selection Scheme in Multi-Objective Genetic Algorithms",
 * EMO 2009, found to converge sooner. Begins with the trials of the quasi-random searcher.
 *
 * The suggestion depends on the seed, the trial's number and the set of observations; running trials
 * need not be known, as children differ by chance.
 */
export function nsga2Searcher(tree: SpaceTree, settings: Nsga2Settings): AssignmentSearcher {
  const { seed, startupTrials, isFeasible } = settings;
  const observations: Observation[] = [];
  const atFirst = quasiRandomSearcher(tree, seed, isFeasible);
  const cube = unitCubeOf(tree);
  const isChoice = tree.dimensions.map(({ kind }) => kind === 'choice');
  let valued = 0;
  return {
    suggest: (trial, running) => {
      if (valued === 0 || valued + running.length < startupTrials) return atFirst.suggest(trial, running);
      const best = byParetoRank(observations, POPULATION).slice(0, Math.min(POPULATION, valued));
      const parents = best.map(({ assignment }) => cube.pointOf(assignment));
      const random = randomStream(seed, trial);
      for (let tried = 0; tried < TRIES; tried += 1) {
        const assignment = cube.assignmentOf(childOf(parents, isChoice, random));
        if (isFeasible(assignment)) return assignment;
      }
      return atFirst.suggest(trial, running);
    },
    observe: (observation) => {
      observations.push(observation);
      if (isValued(observation)) valued += 1;
    },
  };
}

/** @param parents - the best first */
function childOf(parents: readonly Point[], isChoice: readonly boolean[], random: RandomStream): Point {
  const one = winner(parents, random);
  const other = winner(parents, random);
  const child = random() < CROSSED ? crossed(one, other, { isChoice, random }) : Float64Array.from(one);
  return mutated(child, { isChoice, random });
}

function winner(parents: readonly Point[], random: RandomStream): Point {
  const drawn = [random(), random()].map((share) => Math.floor(share * parents.length));
  return parents[Math.min(...drawn)]!;
}

interface Chance {
  readonly isChoice: readonly boolean[];
  readonly random: RandomStream;
}

/** Simulated binary crossover (Deb and Agrawal 1995): spread around the parents like that of bits would be. */
function crossed(one: Point, other: Point, { isChoice, random }: Chance): Point {
  return one.map((x, at) => {
    const y = other[at]!;
    if (isChoice[at]!) return random() < 0.5 ? x : y;
    const share = random();
    const spread =
      share < 0.5 ? (2 * share) ** (1 / (NEARNESS + 1)) : (1 / (2 * (1 - share))) ** (1 / (NEARNESS + 1));
    const swapped = random() < 0.5 ? -spread : spread;
    return inside(0.5 * (x + y) + 0.5 * swapped * (x - y));
  });
}

/** Polynomial mutation of one coordinate on average. */
function mutated(point: Point, { isChoice, random }: Chance): Point {
  return point.map((x, at) => {
    if (random() >= 1 / point.length) return x;
    const share = random();
    if (isChoice[at]!) return share;
    const step =
      share < 0.5 ? (2 * share) ** (1 / (NEARNESS + 1)) - 1 : 1 - (2 * (1 - share)) ** (1 / (NEARNESS + 1));
    return inside(x + step);
  });
}

const inside = (share: number): number => Math.min(Math.max(share, 0), 1);

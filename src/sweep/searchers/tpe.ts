import { isActive, type Assignment, type Dimension, type SpaceTree } from '../space/space-tree.js';
import type { AssignmentSearcher } from './assignment-searcher.js';
import { axisOf } from './axis.js';
import { choiceEstimate, parzenEstimate, type Estimate } from './parzen.js';
import { randomSearcher } from './random.js';
import { randomStream, type RandomStream } from './random-stream.js';

/** The settings of {@link tpeSearcher}. */
export interface TpeSettings {
  readonly seed: number;
  /**
   * The number of trials with a value before it learns; until then trials are those of the random
   * searcher.
   */
  readonly startupTrials: number;
  /** The number of values drawn for a dimension, of which the most promising is used. */
  readonly candidates: number;
}

/**
 * The share of the trials that counts as good, up to a maximum: Optuna's default, `min(ceil(0.1 n),
 * 25)`.
 */
const GOOD_SHARE = 0.1;
/** @bound loses nothing: the others are the rest that the good ones are compared with */
const MOST_GOOD = 25;

interface Observation {
  readonly assignment: Assignment;
  /** Null for a trial without a value. */
  readonly loss: number | null;
}

/**
 * The tree-structured Parzen estimator: draws where good trials are dense and the others are not.
 *
 * J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, "Algorithms for Hyper-Parameter Optimization",
 * NIPS 2011. The trials are split into the best and the rest; the groups give densities l and g for
 * each dimension, and of some values drawn from l the one with the greatest l/g is used, which is
 * the one with the greatest expected improvement. Each dimension is modelled on its own, one inside
 * an option from the trials that chose it. The split, the number of candidates (24) and of startup
 * trials (10) and the weight of the prior (that of one trial) are Optuna's defaults; unlike in
 * Optuna, and as in the paper, old trials weigh as much as new ones.
 *
 * A trial without a value counts among the rest, so that the search leaves a region that fails. The
 * suggestion depends on the seed, the trial's number and the set of observations, not on their
 * order. Never exhausted; in a discrete space the same suggestion may be repeated. Keeps every
 * observation, and takes time linear in their number.
 */
export function tpeSearcher(tree: SpaceTree, settings: TpeSettings): AssignmentSearcher {
  const { seed, startupTrials, candidates } = settings;
  const observations: Observation[] = [];
  const atFirst = randomSearcher(tree, seed);
  let valued = 0;
  return {
    suggest: (trial) => {
      if (valued < Math.max(startupTrials, 1)) return atFirst.suggest(trial);
      const groups = split(observations, Math.min(Math.ceil(GOOD_SHARE * valued), MOST_GOOD));
      return mostPromising(tree, groups, { random: randomStream(seed, trial), candidates });
    },
    observe: (assignment, loss) => {
      observations.push({ assignment, loss });
      if (loss !== null) valued += 1;
    },
  };
}

interface Groups {
  readonly good: readonly Assignment[];
  readonly rest: readonly Assignment[];
}

function split(observations: readonly Observation[], goodCount: number): Groups {
  const ranked = [...observations].sort(byRank).map(({ assignment }) => assignment);
  return { good: ranked.slice(0, goodCount), rest: ranked.slice(goodCount) };
}

/** Ranks better trials first; ties are broken by the assignment, not by the order of arrival. */
function byRank(a: Observation, b: Observation): number {
  if (a.loss === null || b.loss === null) {
    if (a.loss !== b.loss) return a.loss === null ? 1 : -1;
  } else if (a.loss !== b.loss) return a.loss < b.loss ? -1 : 1;
  const at = a.assignment.findIndex((value, dimension) => value !== b.assignment[dimension]);
  return at < 0 ? 0 : (a.assignment[at] ?? -Infinity) - (b.assignment[at] ?? -Infinity);
}

interface Draw {
  readonly random: RandomStream;
  readonly candidates: number;
}

function mostPromising({ dimensions }: SpaceTree, { good, rest }: Groups, draw: Draw): Assignment {
  const assignment: (number | null)[] = [];
  dimensions.forEach((dimension, at) => {
    if (!isActive(dimension, assignment)) {
      assignment.push(null);
      return;
    }
    const estimates = [good, rest].map((group) => estimateOf(dimension, valuesIn(group, at)));
    assignment.push(bestOf(estimates[0]!, estimates[1]!, draw));
  });
  return assignment;
}

function bestOf(good: Estimate, rest: Estimate, { random, candidates }: Draw): number {
  let [best, bestGain] = [0, -Infinity];
  for (let drawn = 0; drawn < candidates; drawn += 1) {
    const value = good.draw(random);
    const gain = good.logDensity(value) - rest.logDensity(value);
    if (gain > bestGain) [best, bestGain] = [value, gain];
  }
  return best;
}

function estimateOf(dimension: Dimension, values: readonly number[]): Estimate {
  return dimension.kind === 'choice'
    ? choiceEstimate(dimension.optionCount, values)
    : parzenEstimate(axisOf(dimension.distribution), values);
}

function valuesIn(group: readonly Assignment[], dimension: number): readonly number[] {
  return group.flatMap((assignment) => assignment[dimension] ?? []);
}

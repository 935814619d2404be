import { isActive, type Assignment, type Dimension, type SpaceTree } from '../space/space-tree.js';
import type { AssignmentSearcher } from './assignment-searcher.js';
import { axisOf } from './axis.js';
import { choiceEstimate, parzenEstimate, type Estimate } from './parzen.js';
import { randomSearcher } from './random.js';
import { randomStream, type RandomStream } from './random-stream.js';

/** The settings of {@link tpeSearcher}. */
export interface TpeSettings {
  readonly seed: number;
  /** So many trials must have a value before any is learnt from; until then trials are those of the random searcher. */
  readonly startupTrials: number;
  /** How many values are drawn for a dimension, of which the most promising is taken. */
  readonly candidates: number;
}

/** The share of the trials that counts as good, and the most that ever do: Optuna's default, `min(ceil(0.1 n), 25)`. */
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
 * J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011. The trials are
 * split into the best and the rest, either group gives a density l and g for each dimension, and of some values drawn
 * from l the one with the greatest l/g is taken, which is the one of the greatest expected improvement. Each dimension is
 * modelled on its own, one inside of an option from the trials that chose it. The split, the number of candidates (24)
 * and of startup trials (10) and the weight of the prior (that of one trial) are Optuna's defaults; unlike there, and as in the
 * paper, old trials weigh as much as new ones.
 *
 * A trial without a value counts among the rest, so that a region that fails is left. The suggestion depends on the
 * seed, the trial's number and the set of what was observed, not on its order. Never exhausted; a discrete
 * space may have the same suggested again. Keeps every observation, and takes time linear in their number.
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

/** The better first; of equals it is the assignment that decides, not which came first. */
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

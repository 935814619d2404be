import { invalidOption } from '../../model/option-rules.js';
import { countOf } from '../space/number-values.js';
import { normalQuantile } from '../space/normal-law.js';
import type { Assignment, SpaceTree } from '../space/space-tree.js';
import type { AssignmentSearcher, IsFeasible } from './assignment-searcher.js';
import { type CmaState, generationSize, initialState, isSpent, nextState } from './cma-state.js';
import { byRank, type Observation } from './observation.js';
import { randomStream, type RandomStream } from '../../pure/random-stream.js';
import { randomSearcher } from './random.js';
import { unitCubeOf, type Point } from './unit-cube.js';

/** The settings of {@link cmaEsSearcher}. */
export interface CmaEsSettings {
  readonly seed: number;
  readonly isFeasible: IsFeasible;
}

/** Draws in vain, outside of the cube or not feasible, before one is put onto its edge. */
const TRIES = 100;

/**
 * CMA-ES: draws from a normal distribution that moves and stretches towards the better half of each
 * generation.
 *
 * N. Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, on the scales of the
 * distributions. Where it leads no further it starts again elsewhere with twice the trials a
 * generation (A. Auger and N. Hansen, "A Restart CMA Evolution Strategy With Increasing Population
 * Size", CEC 2005). An integer whose spread has become less than one step is now and then moved by
 * one (N. Hansen, "A CMA-ES for Mixed-Integer Nonlinear Optimization", 2011). Points outside of the
 * bounds are drawn again.
 *
 * The generations are the trials that have ended, in the order of their numbers, in groups. With one
 * trial at a time a seed always gives the same sweep; with several, a suggestion depends on which of
 * them had ended.
 *
 * @throws ExpmanError `INVALID_OPTION` for a space with a choice, in which there is no distance
 */
export function cmaEsSearcher(tree: SpaceTree, { seed, isFeasible }: CmaEsSettings): AssignmentSearcher {
  const choice = tree.dimensions.find(({ kind }) => kind === 'choice');
  if (choice !== undefined)
    throw invalidOption('space', `of numbers only for 'cma-es'; use 'tpe' with a choice`, choice.path);
  const cube = unitCubeOf(tree);
  const size = tree.dimensions.length;
  const cells = tree.dimensions.map((dimension) =>
    dimension.kind === 'number' ? 1 / countOf(dimension.distribution) : 0,
  );
  const atFirst = randomSearcher(tree, seed, isFeasible);
  const observations: Observation[] = [];
  let known: { readonly state: CmaState; readonly used: number } | null = null;
  const stateNow = (): CmaState => {
    let { state, used } = known ?? { state: initialState(size, { seed, restarts: 0 }), used: 0 };
    for (;;) {
      const lambda = generationSize(size, state.restarts);
      if (used + lambda > observations.length) break;
      const generation = observations.slice(used, used + lambda).sort(byRank);
      const points = generation.map(({ assignment }) => cube.pointOf(assignment));
      state = nextState(state, points, generation[0]?.losses?.[0] ?? Infinity);
      used += lambda;
      if (isSpent(state, lambda)) state = initialState(size, { seed, restarts: state.restarts + 1 });
    }
    known = { state, used };
    return state;
  };
  return {
    suggest: (trial, running) => {
      const state = stateNow();
      const random = randomStream(seed, trial, 1);
      for (let tried = 0; tried < TRIES; tried += 1) {
        const point = stepped(drawn(state, random), { state, cells, random });
        const isLast = tried === TRIES - 1;
        if (!isLast && !point.every((x) => x >= 0 && x <= 1)) continue;
        const assignment: Assignment = cube.assignmentOf(point.map((x) => Math.min(Math.max(x, 0), 1)));
        if (isFeasible(assignment)) return assignment;
      }
      return atFirst.suggest(trial, running);
    },
    observe: (observation) => {
      const after = observations.findIndex(({ trial }) => trial > observation.trial);
      const at = after < 0 ? observations.length : after;
      observations.splice(at, 0, observation);
      if (known !== null && at < known.used) known = null;
    },
  };
}

function drawn({ mean, sigma, eigen: { values, vectors } }: CmaState, random: RandomStream): Point {
  const size = mean.length;
  const point = Float64Array.from(mean);
  for (let of = 0; of < size; of += 1) {
    const along = sigma * Math.sqrt(Math.max(values[of]!, 0)) * normalQuantile(Math.max(random(), 2 ** -54));
    for (let at = 0; at < size; at += 1) point[at]! += vectors[at * size + of]! * along;
  }
  return point;
}

interface Steps {
  readonly state: CmaState;
  /** The part of the edge that stands for one value, 0 for continuous ones. */
  readonly cells: readonly number[];
  readonly random: RandomStream;
}

/** Moves integers that hardly spread by one step, one in a generation on average. */
function stepped(point: Point, { state: { sigma, covariance, restarts }, cells, random }: Steps): Point {
  const size = point.length;
  return point.map((x, at) => {
    const cell = cells[at]!;
    const spread = sigma * Math.sqrt(Math.max(covariance[at * size + at]!, 0));
    if (cell === 0 || spread >= cell / 2 || random() >= 1 / generationSize(size, restarts)) return x;
    return x + (random() < 0.5 ? -cell : cell);
  });
}

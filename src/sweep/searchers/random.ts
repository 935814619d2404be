import { assignmentAt } from '../space/assignment-at.js';
import type { SpaceTree } from '../space/space-tree.js';
import { unlearning, type AssignmentSearcher, type IsFeasible } from './assignment-searcher.js';
import { feasibleOf } from './feasible.js';
import { randomStream } from '../../pure/random-stream.js';

/**
 * Draws every trial independently: the suggestion depends only on the seed and the trial's number.
 * Never exhausted.
 */
export function randomSearcher(tree: SpaceTree, seed: number, isFeasible: IsFeasible): AssignmentSearcher {
  return unlearning(
    feasibleOf((index) => {
      const random = randomStream(seed, index);
      return assignmentAt(tree, () => random());
    }, isFeasible),
  );
}

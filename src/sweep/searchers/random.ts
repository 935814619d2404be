import { assignmentAt } from '../space/assignment-at.js';
import type { SpaceTree } from '../space/space-tree.js';
import { unlearning, type AssignmentSearcher } from './assignment-searcher.js';
import { randomStream } from './random-stream.js';

/**
 * Draws every trial independently: the suggestion depends only on the seed and the trial's number.
 * Never exhausted.
 */
export function randomSearcher(tree: SpaceTree, seed: number): AssignmentSearcher {
  return unlearning((trial) => {
    const random = randomStream(seed, trial);
    return assignmentAt(tree, () => random());
  });
}

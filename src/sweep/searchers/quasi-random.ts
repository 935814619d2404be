import { invalidOption } from '../../model/option-rules.js';
import { assignmentAt } from '../space/assignment-at.js';
import type { SpaceTree } from '../space/space-tree.js';
import { unlearning, type AssignmentSearcher, type IsFeasible } from './assignment-searcher.js';
import { feasibleOf } from './feasible.js';
import { haltonCoordinate } from './halton.js';

/**
 * The most dimensions: with more, the first trials of a Halton sequence are no better than random
 * ones, and its tables get large.
 *
 * @bound refuses: INVALID_OPTION
 */
const MAX_DIMENSIONS = 256;

/**
 * Covers the space more evenly than random trials do: the points of a Halton sequence, randomised
 * by the seed.
 *
 * The suggestion depends only on the seed and the trial's number. Every dimension has its own
 * coordinate, even if it is not active. Never exhausted.
 *
 * @throws ExpmanError `INVALID_OPTION` for a space of more than 256 dimensions
 */
export function quasiRandomSearcher(
  tree: SpaceTree,
  seed: number,
  isFeasible: IsFeasible,
): AssignmentSearcher {
  const dimensionCount = tree.dimensions.length;
  if (dimensionCount > MAX_DIMENSIONS)
    throw invalidOption(
      'space',
      `of at most ${MAX_DIMENSIONS} dimensions for 'quasi-random'`,
      dimensionCount,
    );
  const coordinates = tree.dimensions.map((_, dimension) => haltonCoordinate(seed, dimension));
  return unlearning(
    feasibleOf((index) => assignmentAt(tree, (dimension) => coordinates[dimension]!(index)), isFeasible),
  );
}

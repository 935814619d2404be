import { numberAt } from './number-values.js';
import { isActive, type Assignment, type Dimension, type SpaceTree } from './space-tree.js';

/**
 * Returns the assignment at a point of the unit cube; `shareOf` is called for active dimensions
 * only, in order.
 */
export function assignmentAt({ dimensions }: SpaceTree, shareOf: (dimension: number) => number): Assignment {
  const assignment: (number | null)[] = [];
  dimensions.forEach((dimension, at) => {
    assignment.push(isActive(dimension, assignment) ? valueAt(dimension, shareOf(at)) : null);
  });
  return assignment;
}

function valueAt(dimension: Dimension, share: number): number {
  return dimension.kind === 'choice'
    ? Math.floor(share * dimension.optionCount)
    : numberAt(dimension.distribution, share);
}

import type { SpaceTree } from '../space/space-tree.js';
import type { Feature } from './gaussian-process.js';
import type { Point } from './unit-cube.js';

/**
 * Returns the coordinates of a point by which its distance from others is measured: a number as it
 * is, a choice as one coordinate for each option, two options being 1 apart.
 */
export function featureOf({ dimensions }: SpaceTree, point: Point): Feature {
  return Float64Array.from(
    dimensions.flatMap((dimension, at) => {
      const share = point[at]!;
      if (dimension.kind === 'number') return share;
      const taken = Math.floor(share * dimension.optionCount);
      return Array.from({ length: dimension.optionCount }, (_, option) =>
        option === taken ? Math.SQRT1_2 : 0,
      );
    }),
  );
}

import { normalQuantile, normalShareBelow } from '../space/normal-law.js';
import { isActive, type Assignment, type Dimension, type SpaceTree } from '../space/space-tree.js';
import { axisOf } from './axis.js';

/** A point of the unit cube: one coordinate from 0 to 1 for each dimension, active or not. */
export type Point = Float64Array;

/** Maps the assignments of a space to the points of a cube, on the scales of its distributions, and back. */
export interface UnitCube {
  /** Returns the point of an assignment; a dimension that is not active is in the middle. */
  readonly pointOf: (assignment: Assignment) => Point;
  /** Returns the nearest assignment to a point, integers and steps rounded. */
  readonly assignmentOf: (point: Point) => Assignment;
}

/** Returns the cube of a space. */
export function unitCubeOf({ dimensions }: SpaceTree): UnitCube {
  const edges = dimensions.map(edgeOf);
  return {
    pointOf: (assignment) =>
      Float64Array.from(assignment, (value, at) => (value === null ? 0.5 : edges[at]!.shareOf(value))),
    assignmentOf: (point) => {
      const assignment: (number | null)[] = [];
      dimensions.forEach((dimension, at) => {
        assignment.push(isActive(dimension, assignment) ? edges[at]!.valueAt(point[at]!) : null);
      });
      return assignment;
    },
  };
}

interface Edge {
  readonly shareOf: (value: number) => number;
  readonly valueAt: (share: number) => number;
}

function edgeOf(dimension: Dimension): Edge {
  if (dimension.kind === 'choice') {
    const { optionCount } = dimension;
    return {
      shareOf: (option) => (option + 0.5) / optionCount,
      valueAt: (share) => Math.min(Math.floor(share * optionCount), optionCount - 1),
    };
  }
  const { low, high, mean, deviation, placeOf, valueAt } = axisOf(dimension.distribution);
  if (dimension.distribution.kind === 'normal')
    return {
      shareOf: (value) => normalShareBelow((value - mean) / deviation),
      valueAt: (share) =>
        mean + deviation * normalQuantile(Math.min(Math.max(share, 2 ** -54), 1 - 2 ** -53)),
    };
  return {
    shareOf: (value) => (placeOf(value) - low) / (high - low),
    valueAt: (share) => valueAt(Math.min(Math.max(low + share * (high - low), low), high)),
  };
}

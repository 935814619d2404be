import type { NumberDistribution, Scalar } from './space.js';

/** A checked space, as a tree whose leaves know their dimension. */
export interface SpaceTree {
  /** The parameters at the top. */
  readonly root: GroupNode;
  /**
   * The dimensions to search: everything that is not a constant, with a choice always before the
   * contents of its options.
   */
  readonly dimensions: readonly Dimension[];
}

export type SpaceNode = ConstantNode | NumberNode | ChoiceNode | GroupNode;

export interface ConstantNode {
  readonly kind: 'constant';
  readonly value: Scalar;
}

export interface NumberNode {
  readonly kind: 'number';
  /** Its index among the dimensions. */
  readonly dimension: number;
  readonly distribution: NumberDistribution;
}

export interface ChoiceNode {
  readonly kind: 'choice';
  /** Its index among the dimensions. */
  readonly dimension: number;
  readonly options: readonly (ConstantNode | GroupNode)[];
}

export interface GroupNode {
  readonly kind: 'group';
  /** By name, in the order of the names' code units. */
  readonly entries: readonly (readonly [name: string, node: SpaceNode])[];
}

/** A number that a searcher has to find. */
export type Dimension = NumberDimension | ChoiceDimension;

interface Placed {
  /**
   * The place in the space, `optimizer[0].momentum` for a parameter inside a choice's first option.
   */
  readonly path: string;
  /**
   * The choice that must be active and have taken this option; null if the dimension is always
   * active.
   */
  readonly condition: Condition | null;
}

export interface NumberDimension extends Placed {
  readonly kind: 'number';
  readonly distribution: NumberDistribution;
}

export interface ChoiceDimension extends Placed {
  readonly kind: 'choice';
  readonly optionCount: number;
}

export interface Condition {
  /** The index of the choice among the dimensions. */
  readonly dimension: number;
  /** The index of the option. */
  readonly option: number;
}

/**
 * A trial in numbers: the value of each dimension, the index of an option for a choice, null if it
 * is not active.
 */
export type Assignment = readonly (number | null)[];

/** True if a dimension exists, given the values of the dimensions before it. */
export function isActive({ condition }: Dimension, assigned: Assignment): boolean {
  return condition === null || assigned[condition.dimension] === condition.option;
}

import { invalidOption } from '../../model/option-rules.js';
import { countOf, numberAt } from '../space/number-values.js';
import type { NumberDistribution } from '../space/space.js';
import type { Assignment, SpaceTree } from '../space/space-tree.js';
import { unlearning, type AssignmentSearcher, type IsFeasible } from './assignment-searcher.js';
import { feasibleOf } from './feasible.js';

/** The resolution and the maximum size of a grid, and what is left out of it. */
export interface GridSize {
  /** The number of points for a continuous distribution. */
  readonly steps: number;
  /** The largest number of trials; a larger grid is refused. */
  readonly maxTrials: number;
  /** Leaves combinations out. */
  readonly isFeasible: IsFeasible;
}

/**
 * Tries every combination once, in the order of the names, the last changing fastest; exhausted
 * after the last.
 *
 * `choice`, `randint` and `quniform` yield all their values, `uniform` and `logUniform` evenly
 * spaced ones including both ends (the latter on its logarithmic scale), `normal` the middles of
 * equally likely parts. Parameters inside an option are varied only if the option is chosen.
 *
 * @throws ExpmanError `INVALID_OPTION` for a grid of more than `maxTrials`, with its size
 */
export function gridSearcher(
  tree: SpaceTree,
  { steps, maxTrials, isFeasible }: GridSize,
): AssignmentSearcher {
  const grid = new Grid(tree, steps);
  if (grid.size > maxTrials)
    throw invalidOption('space', `one whose grid has at most ${maxTrials} trials`, grid.size);
  return unlearning(feasibleOf((index) => (index < grid.size ? grid.at(index) : null), isFeasible, false));
}

class Grid {
  readonly size: number;
  readonly #tree: SpaceTree;
  readonly #steps: number;
  /**
   * The number of combinations of each dimension and everything inside it; for a choice, per
   * option.
   */
  readonly #counts: readonly (readonly number[])[];

  constructor(tree: SpaceTree, steps: number) {
    this.#tree = tree;
    this.#steps = steps;
    const counts: (readonly number[])[] = [];
    // From last to first: the dimensions inside an option come after its choice.
    for (const [at, dimension] of [...tree.dimensions.entries()].reverse()) {
      counts[at] =
        dimension.kind === 'number'
          ? [levelCount(dimension.distribution, steps)]
          : Array.from({ length: dimension.optionCount }, (_, option) =>
              this.#inside(at, option).reduce((product, inner) => product * sumOf(counts[inner]!), 1),
            );
    }
    this.#counts = counts;
    this.size = this.#inside(null, 0).reduce((product, at) => product * sumOf(counts[at]!), 1);
  }

  at(trial: number): Assignment {
    const assignment: (number | null)[] = this.#tree.dimensions.map(() => null);
    this.#assign(this.#inside(null, 0), trial, assignment);
    return assignment;
  }

  /**
   * Writes an index in the mixed radix of some dimensions, the last one being the least significant
   * digit.
   */
  #assign(dimensions: readonly number[], index: number, assignment: (number | null)[]): void {
    let rest = index;
    for (const at of [...dimensions].reverse()) {
      const radix = sumOf(this.#counts[at]!);
      this.#assignOne(at, rest % radix, assignment);
      rest = Math.floor(rest / radix);
    }
  }

  #assignOne(at: number, digit: number, assignment: (number | null)[]): void {
    const dimension = this.#tree.dimensions[at]!;
    if (dimension.kind === 'number') {
      assignment[at] = gridValue(dimension.distribution, digit, this.#steps);
      return;
    }
    let [option, rest] = [0, digit];
    while (rest >= this.#counts[at]![option]!) rest -= this.#counts[at]![option++]!;
    assignment[at] = option;
    this.#assign(this.#inside(at, option), rest, assignment);
  }

  /** Returns the dimensions directly inside an option of a choice, or at the top. */
  #inside(choice: number | null, option: number): readonly number[] {
    return this.#tree.dimensions.flatMap(({ condition }, at) => {
      const isInside =
        condition === null ? choice === null : condition.dimension === choice && condition.option === option;
      return isInside ? [at] : [];
    });
  }
}

/** Returns the number of values in the grid. */
function levelCount(distribution: NumberDistribution, steps: number): number {
  const count = countOf(distribution);
  return count === Infinity ? steps : count;
}

function gridValue(distribution: NumberDistribution, digit: number, steps: number): number {
  const count = countOf(distribution);
  if (count !== Infinity) return numberAt(distribution, (digit + 0.5) / count);
  if (distribution.kind === 'normal' || steps === 1) return numberAt(distribution, (digit + 0.5) / steps);
  // The ends are the bounds themselves, which exp(log(bound)) can miss by a rounding error.
  if (digit === 0) return distribution.low;
  if (digit === steps - 1) return distribution.high;
  return numberAt(distribution, digit / (steps - 1));
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** A point: a place from 0 to 1 on each axis, or the index of an option; null where it has none. */
export type TreePoint = readonly (number | null)[];

/** What a tree is grown from. */
export interface TreeSample {
  readonly points: readonly TreePoint[];
  readonly values: readonly number[];
  /** The number of options of each axis; 0 for numbers. */
  readonly optionCounts: readonly number[];
}

/** A box of the space, and the mean of the values in it. */
export interface Leaf {
  readonly value: number;
  /** On each axis the least and the greatest place of a number, or which options a choice may take. */
  readonly sides: readonly Side[];
}

/** One side of a box. */
export type Side = { readonly from: number; readonly to: number } | { readonly options: readonly boolean[] };

/** How a tree is grown. */
export interface Growth {
  readonly leastLeaf: number;
  /** The number of axes that each split chooses from. */
  readonly axesPerSplit: number;
  readonly random: () => number;
}

/**
 * Grows a regression tree; returns its leaves, whose boxes fill the space.
 *
 * L. Breiman, "Random Forests", Machine Learning 45, 2001: each split minimises the squared error over
 * axes drawn at random; a choice is split into one option and the others. An axis that some points of
 * a node have no place on is not split there.
 *
 * @param members - the indices of the points to grow it from, with repetitions
 */
export function growTree(sample: TreeSample, members: readonly number[], growth: Growth): readonly Leaf[] {
  const leaves: Leaf[] = [];
  const whole: readonly Side[] = sample.optionCounts.map((count) =>
    count === 0 ? { from: 0, to: 1 } : { options: Array.from({ length: count }, () => true) },
  );
  const waiting = [{ members, sides: whole }];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { members: inside, sides } = node;
    const split = bestSplit(sample, inside, growth);
    if (split === null) {
      leaves.push({ value: meanOf(inside.map((member) => sample.values[member]!)), sides });
      continue;
    }
    for (const isFirst of [true, false])
      waiting.push({
        members: inside.filter((member) => isWithin(sample.points[member]!, split) === isFirst),
        sides: sides.map((side, axis) => (axis === split.axis ? cut(side, split, isFirst) : side)),
      });
  }
  return leaves;
}

interface Split {
  readonly axis: number;
  readonly isChoice: boolean;
  /** The border between places, or the option that is split off. */
  readonly at: number;
  readonly error: number;
}

const isWithin = (point: TreePoint, { axis, isChoice, at }: Split): boolean =>
  isChoice ? point[axis] === at : (point[axis] ?? 0) <= at;

function cut(side: Side, { at }: Split, isFirst: boolean): Side {
  if ('options' in side)
    return { options: side.options.map((may, option) => may && (option === at) === isFirst) };
  return isFirst ? { from: side.from, to: at } : { from: at, to: side.to };
}

function bestSplit(sample: TreeSample, members: readonly number[], growth: Growth): Split | null {
  const { leastLeaf, axesPerSplit, random } = growth;
  const values = members.map((member) => sample.values[member]!);
  if (members.length < 2 * leastLeaf || values.every((value) => value === values[0])) return null;
  const axes = [...sample.optionCounts.keys()];
  let best: Split | null = null;
  for (let tried = 0; axes.length > 0 && (tried < axesPerSplit || best === null); tried += 1) {
    const [axis = 0] = axes.splice(Math.floor(random() * axes.length), 1);
    const split = splitOn(sample, axis, { members, leastLeaf });
    if (split !== null && (best === null || split.error < best.error)) best = split;
  }
  return best;
}

/** The members of a node, and how few a leaf may have. */
interface Node {
  readonly members: readonly number[];
  readonly leastLeaf: number;
}

function splitOn({ points, values, optionCounts }: TreeSample, axis: number, node: Node): Split | null {
  const { members, leastLeaf } = node;
  const sorted = members
    .flatMap((member) => {
      const place = points[member]![axis] ?? null;
      return place === null ? [] : [{ place, value: values[member]! }];
    })
    .sort((a, b) => a.place - b.place);
  if (sorted.length < members.length) return null;
  const total = sorted.reduce((sum, { value }) => sum + value, 0);
  const count = sorted.length;
  const isChoice = optionCounts[axis]! > 0;
  let best: Split | null = null;
  let [sum, taken] = [0, 0];
  for (let at = 0; at < count; at += 1) {
    const { place, value } = sorted[at]!;
    sum += value;
    taken += 1;
    const next = sorted[at + 1]?.place;
    if (next === place || (!isChoice && next === undefined)) continue;
    if (taken >= leastLeaf && count - taken >= leastLeaf) {
      // The squared error without the part that all splits have.
      const error = -(sum * sum) / taken - (total - sum) ** 2 / (count - taken);
      const border = isChoice ? place : (place + (next ?? place)) / 2;
      if (best === null || error < best.error) best = { axis, isChoice, at: border, error };
    }
    if (isChoice) [sum, taken] = [0, 0];
  }
  return best;
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** True if one list of losses is nowhere greater than another, and somewhere less. */
export function dominates(one: readonly number[], other: readonly number[]): boolean {
  let isBetter = false;
  for (let at = 0; at < one.length; at += 1) {
    if (one[at]! > other[at]!) return false;
    if (one[at]! < other[at]!) isBetter = true;
  }
  return isBetter;
}

/**
 * Returns the Pareto front: what nothing else dominates, in the given order.
 *
 * @param lossesOf - what is to be minimised, one number for each metric
 */
export function paretoFront<T>(all: readonly T[], lossesOf: (each: T) => readonly number[]): readonly T[] {
  const losses = all.map(lossesOf);
  return all.filter((_, at) => !losses.some((other) => dominates(other, losses[at]!)));
}

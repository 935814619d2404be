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
 * Compares each with the front alone, not with all others: H. T. Kung, F. Luccio and F. P. Preparata,
 * "On Finding the Maxima of a Set of Vectors", Journal of the ACM 22(4), 1975, whose order this is.
 *
 * @param lossesOf - what is to be minimised, one number for each metric, none of them NaN
 */
export function paretoFront<T>(all: readonly T[], lossesOf: (each: T) => readonly number[]): readonly T[] {
  const losses = all.map(lossesOf);
  const ordered = losses.map((_, at) => at).sort((one, other) => lexically(losses[one]!, losses[other]!));
  const front: number[] = [];
  for (const at of ordered) {
    const own = losses[at]!;
    const last = losses[front.at(-1) ?? at]!;
    // What dominates others comes before them, and what equals others is beside them.
    const isEqual = front.length > 0 && lexically(last, own) === 0;
    if (isEqual || !front.some((member) => dominates(losses[member]!, own))) front.push(at);
  }
  const members = new Set(front);
  return all.filter((_, at) => members.has(at));
}

function lexically(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((loss, metric) => loss !== other[metric]);
  return at < 0 ? 0 : one[at]! < other[at]! ? -1 : 1;
}

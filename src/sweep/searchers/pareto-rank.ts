import { byClass, byRank, isValued, order, type Observation, type Valued } from './observation.js';

/** True if one trial is at least as good in all metrics, and better in one. */
export function dominates(one: readonly number[], other: readonly number[]): boolean {
  let isBetter = false;
  for (let at = 0; at < one.length; at += 1) {
    if (one[at]! > other[at]!) return false;
    if (one[at]! < other[at]!) isBetter = true;
  }
  return isBetter;
}

/**
 * Orders observations, the best first: by class, then by Pareto front, then by crowding distance,
 * those with the most space around them first.
 *
 * K. Deb, A. Pratap, S. Agarwal and T. Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm:
 * NSGA-II", IEEE Transactions on Evolutionary Computation 6(2), 2002. With one metric this is the
 * order of its values.
 *
 * @param wanted - the number of places that matter; the order of the others is any
 */
export function byParetoRank(
  observations: readonly Observation[],
  wanted = observations.length,
): readonly Observation[] {
  const ranked = [...observations].sort(byRank);
  const metrics = ranked[0]?.losses?.length ?? 1;
  if (metrics === 1) return ranked;
  const out: Observation[] = [];
  for (let from = 0; from < ranked.length;) {
    let to = from;
    while (to < ranked.length && byClass(ranked[from]!, ranked[to]!) === 0) to += 1;
    const members = ranked.slice(from, to);
    const valued = members.filter(isValued);
    const matters = valued.length > 0 && out.length < wanted;
    out.push(...(matters ? byFront(valued, wanted - out.length) : members));
    from = to;
  }
  return out;
}

function byFront(members: readonly Valued[], wanted: number): readonly Valued[] {
  const out: Valued[] = [];
  let left = members;
  while (left.length > 0 && out.length < wanted) {
    const all = left;
    const front = all.filter(({ losses }) => !all.some((other) => dominates(other.losses, losses)));
    out.push(...byCrowding(front));
    const taken = new Set(front);
    left = all.filter((member) => !taken.has(member));
  }
  return [...out, ...left];
}

/** Orders a front by the crowding distance of its members, the least crowded first. */
function byCrowding(front: readonly Valued[]): readonly Valued[] {
  const distances = new Map(front.map((member) => [member, 0]));
  const metrics = front[0]?.losses.length ?? 0;
  for (let metric = 0; metric < metrics; metric += 1) {
    const sorted = [...front].sort((a, b) => order(a.losses[metric]!, b.losses[metric]!));
    const lossAt = (at: number): number => sorted[at]?.losses[metric] ?? 0;
    const span = lossAt(sorted.length - 1) - lossAt(0) || 1;
    sorted.forEach((member, at) => {
      const isEnd = at === 0 || at === sorted.length - 1;
      const gap = isEnd ? Infinity : (lossAt(at + 1) - lossAt(at - 1)) / span;
      distances.set(member, (distances.get(member) ?? 0) + gap);
    });
  }
  return [...front].sort((a, b) => order(distances.get(b) ?? 0, distances.get(a) ?? 0));
}

/** A point of a curve, as far as its value goes. */
interface Valued {
  readonly y: number;
}

/**
 * Adds points whose kind of value (NaN, Infinity, -Infinity) is missing so far; of each kind the
 * first one stays.
 *
 * `others` has no two points of one kind. Returns `points` itself if nothing is added.
 */
export function withKinds<T extends Valued>(points: readonly T[], others: readonly T[]): readonly T[] {
  const more = others.filter(({ y }) => !points.some((point) => Object.is(point.y, y)));
  return more.length === 0 ? points : [...points, ...more];
}

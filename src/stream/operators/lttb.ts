/** A point of a curve. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/**
 * Largest triangle three buckets (Steinarsson 2013): selects the `n` points that best keep the
 * shape of a curve.
 *
 * The first and the last point stay; those between are split into `n - 2` buckets of equal size,
 * each of which yields the point that makes the largest triangle with the last point kept and the
 * centre of the next bucket, the first of equal ones. Fewer points than `n` are all kept.
 */
export function lttb<P extends CurvePoint>(points: readonly P[], n: number): P[] {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= n || first === undefined || last === undefined) return [...points];
  const startOf = (bucket: number): number => 1 + Math.floor((bucket * (points.length - 2)) / (n - 2));
  const kept = [first];
  let corner = first;
  for (let bucket = 0; bucket < n - 2; bucket++) {
    const [from, to] = [startOf(bucket), startOf(bucket + 1)];
    const next = points.slice(to, bucket === n - 3 ? points.length : startOf(bucket + 2));
    corner = farthest(points.slice(from, to), corner, centreOf(next));
    kept.push(corner);
  }
  return [...kept, last];
}

function centreOf(points: readonly CurvePoint[]): CurvePoint {
  let [x, y] = [0, 0];
  for (const point of points) {
    x += point.x;
    y += point.y;
  }
  return { x: x / points.length, y: y / points.length };
}

/** The point that makes the largest triangle with two corners; the first if no area is a number. */
function farthest<P extends CurvePoint>(points: readonly P[], a: P, c: CurvePoint): P {
  let [chosen, largest] = [a, -1];
  for (const point of points) {
    const area = Math.abs((a.x - c.x) * (point.y - a.y) - (a.x - point.x) * (c.y - a.y));
    if (area > largest || largest < 0) [chosen, largest] = [point, Number.isNaN(area) ? 0 : area];
  }
  return chosen;
}

import { type Curve, firstFrom } from './curve.js';

/** Of several curves, at each `x`, the mean, least and greatest of those that are there. */
export interface Band {
  readonly name: string;
  readonly curves: number;
  readonly x: readonly number[];
  readonly mean: readonly (number | null)[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
}

const MOST_PLACES = 1000;

/** Makes one band of curves; between its points a curve is taken to be straight, and beyond its ends it is not there. */
export function bandOf(name: string, curves: readonly Curve[]): Band {
  const x = placesOf(curves);
  const columns = curves.map((curve) => x.map((at) => valueAt(curve, at)));
  const at = x.map((_, place) => columns.flatMap((column) => column[place] ?? []));
  return {
    ...{ name, curves: curves.length, x },
    mean: at.map((values) =>
      values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length,
    ),
    min: at.map((values) => (values.length === 0 ? null : Math.min(...values))),
    max: at.map((values) => (values.length === 0 ? null : Math.max(...values))),
  };
}

/** Where any of the curves has a point; where that is too many places, evenly some of them, the ends included. */
function placesOf(curves: readonly Curve[]): readonly number[] {
  const all = [...new Set(curves.flatMap(({ x }) => x))].sort((one, other) => one - other);
  if (all.length <= MOST_PLACES) return all;
  const stride = (all.length - 1) / (MOST_PLACES - 1);
  return Array.from({ length: MOST_PLACES }, (_, place) => all[Math.round(place * stride)]!);
}

/** What a curve is at a place; null beyond its ends and beside a value that is no finite number. */
function valueAt({ x, y }: Curve, at: number): number | null {
  const after = firstFrom(x, at);
  if (after === x.length) return null;
  const here = y[after] ?? null;
  if (x[after] === at || after === 0) return x[after] === at ? here : null;
  const before = y[after - 1] ?? null;
  if (here === null || before === null) return null;
  const share = (at - x[after - 1]!) / (x[after]! - x[after - 1]!);
  return before + share * (here - before);
}

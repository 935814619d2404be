import { shareOf, valueOf } from '../../../pure/span.js';
import { type Curve, firstFrom } from './curve.js';

/** The mean, least and greatest value of several curves at each `x`. */
export interface Band {
  readonly name: string;
  readonly curves: number;
  readonly x: readonly number[];
  readonly mean: readonly (number | null)[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  /** Roughly how many values of one curve a place stands for. */
  readonly perPlace: number;
  /** True if the curves have more places than the band. */
  readonly isSample: boolean;
}

/**
 * @bound tells: what is saved as CSV says of how many values it is;
 * specs/dashboard/page/saved-charts.spec.ts "says that its lines are a sample, where they are, and
 * of how many values"
 */
const MOST_PLACES = 1000;

/** Makes one band of curves; a curve is straight between its points and absent beyond its ends. */
export function bandOf(name: string, curves: readonly Curve[]): Band {
  const members = curves.map(coursesOf);
  const all = placesOf(members.map(({ mean }) => mean));
  const x = sampleOf(all);
  const at = (which: keyof Courses): readonly (readonly number[])[] => {
    const columns = members.map((courses) => x.map((place) => valueAt(courses[which], place)));
    return x.map((_, place) => columns.flatMap((column) => column[place] ?? []));
  };
  const over = (which: keyof Courses, of: (values: readonly number[]) => number): (number | null)[] =>
    at(which).map((values) => (values.length === 0 ? null : of(values)));
  return {
    ...{ name, curves: curves.length, x, isSample: x.length < all.length },
    mean: over('mean', (values) => values.reduce((sum, value) => sum + value / values.length, 0)),
    min: over('min', (values) => Math.min(...values)),
    max: over('max', (values) => Math.max(...values)),
    perPlace: Math.max(
      1,
      Math.round(curves.reduce((sum, { values }) => sum + values, 0) / curves.length / x.length),
    ),
  };
}

type Course = Pick<Curve, 'x' | 'y'>;

interface Courses {
  readonly mean: Course;
  readonly min: Course;
  readonly max: Course;
}

/**
 * The mean, least and greatest value of each stretch, placed at its end; three times the curve
 * itself if it is not thinned.
 */
function coursesOf(curve: Curve): Courses {
  if (curve.stretches.length === 0) return { mean: curve, min: curve, max: curve };
  const { stretches } = curve;
  const x = stretches.map(([end]) => curve.x[end]!);
  const ys = stretches.map(([end], index) =>
    curve.y.slice((stretches[index - 1]?.[0] ?? -1) + 1, end + 1).filter((value) => value !== null),
  );
  return {
    mean: { x, y: stretches.map(([, , mean]) => mean) },
    min: { x, y: ys.map((values) => Math.min(...values)) },
    max: { x, y: ys.map((values) => Math.max(...values)) },
  };
}

/** Every `x` at which any of the curves has a point. */
function placesOf(curves: readonly Course[]): readonly number[] {
  return [...new Set(curves.flatMap(({ x }) => x))].sort((one, other) => one - other);
}

/** At most {@link MOST_PLACES} of the places, evenly spread and including the ends. */
function sampleOf(all: readonly number[]): readonly number[] {
  if (all.length <= MOST_PLACES) return all;
  const stride = (all.length - 1) / (MOST_PLACES - 1);
  return Array.from({ length: MOST_PLACES }, (_, place) => all[Math.round(place * stride)]!);
}

/** The value of a curve at a place; null beyond its ends and next to a value that is not finite. */
function valueAt({ x, y }: Course, at: number): number | null {
  const after = firstFrom(x, at);
  if (after === x.length) return null;
  const here = y[after] ?? null;
  if (x[after] === at || after === 0) return x[after] === at ? here : null;
  const before = y[after - 1] ?? null;
  if (here === null || before === null) return null;
  return valueOf({ from: before, to: here }, shareOf({ from: x[after - 1]!, to: x[after]! }, at));
}

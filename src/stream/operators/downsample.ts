import { type MonoTypeOperatorFunction, map, mergeMap, pipe, reduce } from 'rxjs';
import { CurveSketch, type Placed, type StepPoint } from './curve-sketch.js';
import { lttb } from './lttb.js';
import { integer } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { perSubscription } from './per-subscription.js';

/** Options of {@link downsample}. */
export interface DownsampleOptions {
  /** The most points held in memory; from 2n to 100,000,000, default 16n. */
  readonly capacity?: number | undefined;
}

/**
 * Reduces a curve to `n` points: the largest-triangle-three-buckets choice (LTTB, Steinarsson 2013)
 * of its source's points.
 *
 * Emits when the source completes, in the order of the points, always including the first and the
 * last. Up to `capacity` points the choice is exactly LTTB's. Beyond that it is LTTB's among the
 * lowest and the highest point of each of many equally long buckets, which double in length
 * whenever the capacity is reached: spikes stay.
 *
 * Points are emitted unchanged, at most `n` of them; up to `n` points all are. A point without a
 * step comes one after the point before. NaN and infinities have no place on a curve: they get a
 * quarter of `n`, or as many as finite points leave free, evenly chosen, with at least one NaN if
 * there is any. If `n` is below 4 they get none, and only the first and the last point may be one.
 *
 * An error is passed on, and nothing is emitted. Holds at most `capacity` points for each
 * subscription; a point costs O(1), amortised.
 *
 * @param n - the number of points, 2 to 1,000,000
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * run.metric('loss').pipe(downsample(500), toArray()).subscribe(draw);
 */
export function downsample<T extends StepPoint>(
  n: number,
  options: DownsampleOptions = {},
): MonoTypeOperatorFunction<T> {
  integer(2, 1_000_000).check('n', n);
  const { capacity } = optionsFor(n).resolve(options);
  return perSubscription(() =>
    pipe(
      reduce((sketch, point) => sketch.add(point), new CurveSketch<T>(capacity)),
      mergeMap((sketch) => chosen(sketch, n)),
      map(({ item }) => item),
    ),
  );
}

/** The options, whose capacity depends on the number of points. */
const optionsFor = (n: number) =>
  optionsTable<DownsampleOptions>()({ capacity: integer(2 * n, 100_000_000).byDefault(16 * n) });

/** The three kinds, in the order in which they are given up. */
const ODD_KINDS = [-Infinity, Infinity, NaN];

function chosen<T extends StepPoint>(sketch: CurveSketch<T>, n: number): Placed<T>[] {
  const points = sketch.points();
  const odd = thinned(sketch.odd(), Math.max(Math.floor(n / 4), n - points.length));
  if (odd.length === 0) return lttb(points, n);
  return [...lttb(points, n - odd.length), ...odd].sort((one, other) => one.at - other.at);
}

/**
 * Thins points to at most `most`: leaves out every other one of the commonest kind as often as
 * needed.
 */
function thinned<T>(points: readonly Placed<T>[], most: number): readonly Placed<T>[] {
  if (points.length <= most) return points;
  const kinds = ODD_KINDS.map((kind) => points.filter(({ y }) => Object.is(y, kind)));
  const commonest = kinds.reduce((one, other) => (other.length > one.length ? other : one));
  const left = new Set(commonest.filter((_, at) => at % 2 === 1 || commonest.length === 1));
  return thinned(
    points.filter((point) => !left.has(point)),
    most,
  );
}

import { type MonoTypeOperatorFunction, map, mergeMap, pipe, reduce } from 'rxjs';
import { CurveSketch, type Placed, type StepPoint } from './curve-sketch.js';
import { lttb } from './lttb.js';
import { integer } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { perSubscription } from './per-subscription.js';

/** Options of {@link downsample}. */
export interface DownsampleOptions {
  /** How many points are held at most; from 2n to 100,000,000, default 16n. */
  readonly capacity?: number | undefined;
}

/**
 * Draws a curve with `n` points: the largest-triangle-three-buckets choice (LTTB, Steinarsson 2013) of its source's points.
 *
 * Emits when the source completes, in the order the points came, the first and the last always among them. Of no more than
 * `capacity` points the choice is exactly LTTB's. Of more it is LTTB's among the lowest and the highest point of each of many
 * equally long stretches, which double in length whenever the capacity is reached: spikes stay.
 *
 * Points are emitted as they came, at most `n` of them; of no more than `n` all are. One without a step lies one after the point before.
 * NaN and infinities have no place on a curve: a quarter of `n` is theirs, or what finite points leave, evenly chosen, with at least one
 * NaN where there is any. Where `n` is below 4 that is none, and only the first and the last point may be one.
 *
 * An error is passed on, and nothing emitted. Holds at most `capacity` points for each subscription; a point costs O(1),
 * amortised.
 *
 * @param n - how many points, 2 to 1,000,000
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

/** The capacity goes by the number of points. */
const optionsFor = (n: number) =>
  optionsTable<DownsampleOptions>()({ capacity: integer(2 * n, 100_000_000).byDefault(16 * n) });

/** Of the three kinds the one that is given up last stands last. */
const ODD_KINDS = [-Infinity, Infinity, NaN];

function chosen<T extends StepPoint>(sketch: CurveSketch<T>, n: number): Placed<T>[] {
  const points = sketch.points();
  const odd = thinned(sketch.odd(), Math.max(Math.floor(n / 4), n - points.length));
  if (odd.length === 0) return lttb(points, n);
  return [...lttb(points, n - odd.length), ...odd].sort((one, other) => one.at - other.at);
}

/** At most `most` of some points: every other one of the commonest kind is left out as often as it takes. */
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

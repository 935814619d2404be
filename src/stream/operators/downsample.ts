import { type MonoTypeOperatorFunction, map, mergeMap, pipe, reduce } from 'rxjs';
import { CurveSketch, type StepPoint } from './curve-sketch.js';
import { lttb } from './lttb.js';
import { mustBeCount, mustBeOptions } from '../../model/option-checks.js';
import { perSubscription } from './per-subscription.js';

/** Options of {@link downsample}. */
export interface DownsampleOptions {
  /** How many points are held at most; from 2n to 100,000,000, default 16n. */
  readonly capacity?: number;
}

/**
 * Draws a curve with `n` points: the largest-triangle-three-buckets choice (LTTB, Steinarsson 2013) of its source's points.
 *
 * Emits when the source completes, in the order the points came, the first and the last always among them. Of no more than
 * `capacity` points the choice is exactly LTTB's. Of more it is LTTB's among the lowest and the highest point of each of many
 * equally long stretches, which double in length whenever the capacity is reached: spikes stay.
 *
 * Points are emitted as they came. One without a step lies one after the point before. NaN and infinities, which have no
 * place on a curve, are left out, save as first or last point; of fewer points than `n` all others are emitted.
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
  mustBeCount('n', n, 2, 1_000_000);
  mustBeOptions(options, ['capacity']);
  const { capacity = 16 * n } = options;
  mustBeCount('capacity', capacity, 2 * n, 100_000_000);
  return perSubscription(() =>
    pipe(
      reduce((sketch, point) => sketch.add(point), new CurveSketch<T>(capacity)),
      mergeMap((sketch) => lttb(sketch.points(), n)),
      map(({ item }) => item),
    ),
  );
}

import type { LivePoints } from '../../api.js';
import { type Curve, stretchesOf } from './curve.js';

/**
 * A curve that grew longer than this is read anew, downsampled.
 *
 * @bound loses nothing: the curve is read again
 */
const MOST_POINTS = 4000;

/** What decides which of the points that arrive are new, and where they stand. */
export interface Placing {
  readonly x: 'step' | 'time';
  /** When the run began, in milliseconds since the epoch; points by time stand from there. */
  readonly startedAtMs: number;
  /** Until when the curve was read: what came before then is in it. */
  readonly readUntil: number;
}

type Arrived = LivePoints['series'][number];

/** The curve with the points that are new, each at its place; the very same curve when none is. */
export function withLive(curve: Curve, arrived: Arrived, placing: Placing): Curve {
  const points = newPoints(arrived, placing);
  if (points.length === 0) return curve;
  // Where some of them are in the curve already, how many values those are of is not known.
  const isWhole = points.length === arrived.value.length;
  return joined(curve, points, isWhole ? arrived.values : points.length, arrived.isExact);
}

/** Whether a curve has grown so long that it is to be read anew. */
export const isOvergrown = (curve: Curve): boolean => curve.x.length > MOST_POINTS;

/** Whether some of the points have no place on the axis yet: the curve is to be read anew. */
export const isWithoutPlace = ({ step }: Arrived, { x }: Pick<Placing, 'x'>): boolean =>
  x === 'step' && step.includes(null);

interface Point {
  readonly x: number;
  readonly y: number | null;
  /** What a null stands for. */
  readonly what?: string | undefined;
  /** Of how many values it is the end, and their mean. */
  readonly behind?: readonly [count: number, mean: number] | undefined;
}

function newPoints({ step, time, value, nonFinite, stretches }: Arrived, placing: Placing): Point[] {
  const marks = new Map(nonFinite);
  const ends = new Map(stretches.map(([at, ...behind]) => [at, behind]));
  return time.flatMap((at, index) => {
    const x = placing.x === 'time' ? (at - placing.startedAtMs) / 1000 : step[index];
    if (at <= placing.readUntil || x === null || x === undefined) return [];
    return [{ x, y: value[index] ?? null, what: marks.get(index), behind: ends.get(index) }];
  });
}

/** With the points behind it, or, as steps may come in any order, each behind those of its own step. */
function joined(curve: Curve, points: readonly Point[], values: number, isExact: boolean): Curve {
  const marks = new Map(curve.nonFinite);
  const isThinned = curve.stretches.length > 0 || points.some(({ behind }) => behind !== undefined);
  const ends = new Map(isThinned ? stretchesOf(curve).map(([at, ...behind]) => [at, behind]) : []);
  const known = curve.x.map((x, index): Point => ({
    x,
    y: curve.y[index] ?? null,
    what: marks.get(index),
    behind: ends.get(index),
  }));
  const isEach = isThinned && points.every(({ behind }) => behind === undefined);
  const more = !isEach
    ? points
    : points.map((point) => ({ ...point, behind: point.y === null ? undefined : ([1, point.y] as const) }));
  const all = [...known, ...more];
  if (!all.every(({ x }, index) => index === 0 || x >= all[index - 1]!.x))
    all.sort((one, other) => one.x - other.x);
  return {
    ...curve,
    x: all.map(({ x }) => x),
    y: all.map(({ y }) => y),
    nonFinite: all.flatMap(({ y, what = 'NaN' }, index) => (y === null ? [[index, what] as const] : [])),
    stretches: all.flatMap(({ behind }, index) =>
      behind === undefined ? [] : [[index, ...behind] as const],
    ),
    values: curve.values + values,
    isExact: curve.isExact && isExact,
  };
}

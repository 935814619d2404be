import type { LivePoints } from '../../api.js';
import { type Curve, stretchesOf } from './curve.js';

/**
 * Points beyond which a growing curve is read again, downsampled.
 *
 * @bound loses nothing: the curve is read again
 */
const MOST_POINTS = 4000;

/** Decides which arriving points are new, and their x. */
export interface Placing {
  readonly x: 'step' | 'time';
  /** The start of the run in milliseconds since the epoch; `time` counts from it. */
  readonly startedAtMs: number;
  /** The time up to which the curve was read: it has all earlier points. */
  readonly readUntil: number;
}

type Arrived = LivePoints['series'][number];

/** Adds the new points to a curve; returns the same curve if nothing is new. */
export function withLive(curve: Curve, arrived: Arrived, placing: Placing): Curve {
  const points = newPoints(arrived, placing);
  if (points.length === 0) return curve;
  // If some points are in the curve already, it is not known how many values those stand for.
  const isWhole = points.length === arrived.value.length;
  return joined(curve, points, isWhole ? arrived.values : points.length, arrived.isExact);
}

/** True if a curve has grown so long that it should be read again. */
export const isOvergrown = (curve: Curve): boolean => curve.x.length > MOST_POINTS;

/** True if some points have no place on the axis yet, so that the curve must be read again. */
export const isWithoutPlace = ({ step }: Arrived, { x }: Pick<Placing, 'x'>): boolean =>
  x === 'step' && step.includes(null);

interface Point {
  readonly x: number;
  readonly y: number | null;
  /** The value that a null stands for. */
  readonly what?: string | undefined;
  /** For the last point of a stretch: how many values the stretch stands for, and their mean. */
  readonly standsFor?: readonly [count: number, mean: number] | undefined;
}

function newPoints({ step, time, value, nonFinite, stretches }: Arrived, placing: Placing): Point[] {
  const marks = new Map(nonFinite);
  const ends = new Map(stretches.map(([at, ...standsFor]) => [at, standsFor]));
  return time.flatMap((at, index) => {
    const x = placing.x === 'time' ? (at - placing.startedAtMs) / 1000 : step[index];
    if (at <= placing.readUntil || x === null || x === undefined) return [];
    return [{ x, y: value[index] ?? null, what: marks.get(index), standsFor: ends.get(index) }];
  });
}

/**
 * Appends points to a curve; as steps may come in any order, each is placed after those of its own
 * step.
 */
function joined(curve: Curve, points: readonly Point[], values: number, isExact: boolean): Curve {
  const marks = new Map(curve.nonFinite);
  const isThinned = curve.stretches.length > 0 || points.some(({ standsFor }) => standsFor !== undefined);
  const ends = new Map(isThinned ? stretchesOf(curve).map(([at, ...standsFor]) => [at, standsFor]) : []);
  const known = curve.x.map((x, index): Point => ({
    x,
    y: curve.y[index] ?? null,
    what: marks.get(index),
    standsFor: ends.get(index),
  }));
  const isEach = isThinned && points.every(({ standsFor }) => standsFor === undefined);
  const more = !isEach
    ? points
    : points.map((point) => ({
        ...point,
        standsFor: point.y === null ? undefined : ([1, point.y] as const),
      }));
  const all = [...known, ...more];
  if (!all.every(({ x }, index) => index === 0 || x >= all[index - 1]!.x))
    all.sort((one, other) => one.x - other.x);
  return {
    ...curve,
    x: all.map(({ x }) => x),
    y: all.map(({ y }) => y),
    nonFinite: all.flatMap(({ y, what = 'NaN' }, index) => (y === null ? [[index, what] as const] : [])),
    stretches: all.flatMap(({ standsFor }, index) =>
      standsFor === undefined ? [] : [[index, ...standsFor] as const],
    ),
    values: curve.values + values,
    isExact: curve.isExact && isExact,
  };
}

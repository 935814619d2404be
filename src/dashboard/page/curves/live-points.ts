import type { LivePoints } from '../../api.js';
import type { Curve } from './curve.js';

/** A curve that grew longer than this is read anew, downsampled. */
const MOST_POINTS = 4000;

/** What decides which of the points that arrive are new, and where they stand. */
export interface Placing {
  readonly x: 'step' | 'time';
  /** When the run began, in milliseconds since the epoch; points by time stand from there. */
  readonly startedAtMs: number;
  /** Until when the curve was read: what came before then is in it. */
  readonly readUntil: number;
}

/** The curve with the points that are new behind it, each at its place; the very same curve when none is. */
export function withLive(curve: Curve, arrived: LivePoints['series'][number], placing: Placing): Curve {
  const points = newPoints(arrived, placing);
  if (points.length === 0) return curve;
  const inOrder = points.every(({ x }, index) => x >= (points[index - 1]?.x ?? curve.x.at(-1) ?? -Infinity));
  return inOrder ? appended(curve, points) : inserted(curve, points);
}

/** Whether a curve has grown so long that it is to be read anew. */
export const isOvergrown = (curve: Curve): boolean => curve.x.length > MOST_POINTS;

interface Point {
  readonly x: number;
  readonly y: number | null;
  /** What a null stands for. */
  readonly what?: string;
}

function newPoints({ step, time, value }: LivePoints['series'][number], placing: Placing): Point[] {
  return time.flatMap((at, index) => {
    const x = placing.x === 'time' ? (at - placing.startedAtMs) / 1000 : step[index];
    if (at <= placing.readUntil || x === null || x === undefined) return [];
    return [{ x, y: value[index] ?? null }];
  });
}

function appended(curve: Curve, points: readonly Point[]): Curve {
  const from = curve.x.length;
  const marks = points.flatMap(({ y }, index) => (y === null ? [[from + index, 'NaN'] as const] : []));
  return {
    ...curve,
    x: [...curve.x, ...points.map(({ x }) => x)],
    y: [...curve.y, ...points.map(({ y }) => y)],
    nonFinite: [...curve.nonFinite, ...marks],
    values: curve.values + points.length,
  };
}

/** Steps may come in any order: a point stands behind those of its own step. */
function inserted(curve: Curve, points: readonly Point[]): Curve {
  const marks = new Map(curve.nonFinite);
  const all: Point[] = curve.x.map((x, index) => {
    const what = marks.get(index);
    return { x, y: curve.y[index] ?? null, ...(what === undefined ? {} : { what }) };
  });
  const sorted = [...all, ...points].sort((one, other) => one.x - other.x);
  return {
    ...curve,
    x: sorted.map(({ x }) => x),
    y: sorted.map(({ y }) => y),
    nonFinite: sorted.flatMap(({ y, what = 'NaN' }, index) => (y === null ? [[index, what] as const] : [])),
    values: curve.values + points.length,
  };
}

import { shareOf, type Span } from '../../../pure/span.js';
import type { HistoryAnswer, HistoryPointAnswer } from '../../api.js';
import { ticks, tickTexts } from '../chart/ticks.js';
import { axisOf } from '../compare/axis.js';
import { timeTicks } from './time-ticks.js';

/** A label on an axis: its place from 0 to 1, and its text. */
export interface Tick {
  readonly place: number;
  readonly text: string;
}

/** An axis of a history. */
export interface Scale {
  /** The place of a value from 0 to 1; null for a value without one. */
  readonly placeOf: (value: number | string) => number | null;
  readonly ticks: readonly Tick[];
  readonly isLog: boolean;
}

/** The pixels between two labels. */
const GAP = { across: 110, up: 44 };
/** The time shown before and after a single moment. */
const LONE_MS = 30 * 60_000;
/** The room above the greatest and below the least value, as a share of their distance. */
const MARGIN = 0.08;

/** Makes the axis of the field, for a chart of that many pixels. */
export function scaleOfField(
  { axis, points }: Pick<HistoryAnswer, 'axis' | 'points'>,
  pixels: number,
): Scale {
  const xs = points.map(({ x }) => x);
  if (axis !== 'date') return axisOf(xs, Math.floor(pixels / GAP.across));
  const { from, to } = extentOf(xs);
  const span = from === to ? { from: from - LONE_MS, to: to + LONE_MS } : { from, to };
  return {
    isLog: false,
    placeOf: (value) => shareOf(span, Number(value)),
    ticks: timeTicks(span, Math.max(2, Math.floor(pixels / GAP.across))).map(({ at, text }) => ({
      place: shareOf(span, at),
      text,
    })),
  };
}

/** Makes the axis of the figure. */
export function scaleOfFigure(points: readonly HistoryPointAnswer[], pixels: number): Scale {
  const span = padded(extentOf(points.map(({ value }) => value)));
  const values = ticks(span, Math.max(2, Math.floor(pixels / GAP.up)));
  const texts = tickTexts(values);
  return {
    isLog: false,
    placeOf: (value) => (typeof value === 'number' && Number.isFinite(value) ? shareOf(span, value) : null),
    ticks: values.map((value, index) => ({ place: shareOf(span, value), text: texts[index] ?? '' })),
  };
}

function extentOf(values: readonly unknown[]): Span {
  let [from, to] = [Infinity, -Infinity];
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    from = Math.min(from, value);
    to = Math.max(to, value);
  }
  return from > to ? { from: 0, to: 1 } : { from, to };
}

/** Leaves room around the values; a single value is in the middle. */
function padded({ from, to }: Span): Span {
  const by = from === to ? Math.abs(from) * 0.1 || 0.5 : to * MARGIN - from * MARGIN;
  const [low, high] = [from - by, to + by];
  return {
    from: Number.isFinite(low) ? low : -Number.MAX_VALUE,
    to: Number.isFinite(high) ? high : Number.MAX_VALUE,
  };
}

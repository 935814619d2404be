import { type Settings, plot } from 'simple-ascii-chart';
import { printable } from '../model/printable.js';
import { shareOf, valueOf } from '../pure/span.js';
import { letterOf, letteredCurves } from './lettered-curves.js';
import type { Terminal } from './terminal.js';
import { count, valueText } from './words.js';

const COLOURS = ['ansiCyan', 'ansiYellow', 'ansiGreen', 'ansiMagenta', 'ansiRed', 'ansiBlue'] as const;
const TICKS = 5;
const TICK_GAP = 4;
/** Values closer together or farther apart than these are drawn by their share of the range. */
const NEAREST = 1e-100;
const FARTHEST = 1e100;

/** A point of a curve. */
export type Point = [x: number, y: number];

/** A curve as it is drawn. */
export interface PlottedCurve {
  readonly name: string;
  readonly points: readonly Point[];
  /** Values that cannot be drawn, by kind. */
  readonly notDrawn: Undrawn;
}

/** Counts of values that are NaN, infinite, or at or below 0 on a logarithmic axis. */
export type Undrawn = Readonly<Record<string, number>>;

/** The size of a drawing and its axes. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Draws the logarithm of y. */
  readonly isLog: boolean;
  /** True if all x are whole numbers. */
  readonly isWhole: boolean;
  /** Formats an x. */
  readonly labelOf: (x: number) => string;
}

/** Prints curves in one chart, with a legend for several. */
export function drawCurves(
  title: string,
  curves: readonly PlottedCurve[],
  drawing: Drawing,
  terminal: Terminal,
): void {
  const { width, height, isLog, labelOf } = drawing;
  const levels = levelsOf(curves, isLog);
  // Without colours, letters distinguish several curves.
  const isLettered = curves.length > 1 && !terminal.isColoured;
  const settings: Settings = {
    width,
    height,
    title: printable(title),
    customXAxisTicks: ticksOf(curves, drawing),
    formatter: (value, { axis }) => (axis === 'y' ? valueText(levels.valueAt(value)) : labelOf(value)),
    ...(terminal.isColoured && {
      color: curves.map((_, index) => COLOURS[index % COLOURS.length] ?? 'ansiWhite'),
    }),
    ...(curves.length > 1 && {
      legend: {
        position: 'bottom',
        series: curves.map(({ name }, index) => (isLettered ? `${letterOf(index)} ` : '') + printable(name)),
      },
    }),
    ...(isLettered && { lineFormatter: letteredCurves(), symbols: { chart: { area: ' ' } } }),
  };
  terminal.print(
    plot(
      curves.map(({ points }) => points.map(([x, y]): Point => [x, levels.levelOf(y)])),
      settings,
    ),
  );
  for (const { name, notDrawn } of curves)
    if (Object.keys(notDrawn).length > 0)
      terminal.print(`${printable(name)}: not drawn: ${undrawnText(notDrawn)}`);
}

/** Formats the numbers of values that are not drawn. */
export const undrawnText = (notDrawn: Undrawn): string =>
  Object.entries(notDrawn)
    .map(([kind, values]) => `${count(values)} ${kind}`)
    .join(', ');

/**
 * Returns evenly spaced ticks from the first to the last x, each with its own label and room for
 * it.
 */
function ticksOf(curves: readonly PlottedCurve[], { width, isWhole, labelOf }: Drawing): number[] {
  const xs = curves.flatMap(({ points }) => [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0]);
  const [from, to] = extentOf(xs);
  const longest = Math.max(...[from, to].map((x) => labelOf(x).length));
  const ticks = Math.max(2, Math.min(TICKS, Math.floor(width / (longest + TICK_GAP))));
  // A fraction needs enough digits to tell one tick from the next.
  const digits = isWhole ? 0 : Math.ceil(1 - Math.log10((to - from) / (ticks - 1) || 1));
  const scale = 10 ** Math.min(6, Math.max(0, digits));
  const places = Array.from({ length: ticks }, (_, index) => from + ((to - from) * index) / (ticks - 1));
  return [...new Set(places.map((x) => Math.round(x * scale) / scale))];
}

function extentOf(values: readonly number[]): readonly [least: number, greatest: number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) [least, greatest] = [Math.min(least, value), Math.max(greatest, value)];
  return [least, greatest];
}

/** Maps a value to its height in the drawing, and back. */
interface Levels {
  readonly levelOf: (y: number) => number;
  readonly valueAt: (level: number) => number;
}

function levelsOf(curves: readonly PlottedCurve[], isLog: boolean): Levels {
  if (isLog) return { levelOf: Math.log10, valueAt: (level) => 10 ** level };
  const [from, to] = extentOf(curves.flatMap(({ points }) => points.map(([, y]) => y)));
  const isUsual = to - from < FARTHEST && (to === from || to - from > NEAREST);
  if (isUsual) return { levelOf: (y) => y, valueAt: (level) => level };
  // The plot library multiplies and subtracts values, which would leave the range of doubles.
  return { levelOf: (y) => shareOf({ from, to }, y), valueAt: (level) => valueOf({ from, to }, level) };
}

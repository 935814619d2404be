import { from, lastValueFrom, toArray } from 'rxjs';
import { type Settings, plot } from 'simple-ascii-chart';
import { ExpmanError } from '../model/errors.js';
import type { MetricValue } from '../model/metric.js';
import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { shareOf, valueOf } from '../pure/span.js';
import { type StoredRun, openStoredRun } from '../reader/stored-run.js';
import { nodeFs } from '../storage/node-fs.js';
import { ema } from '../stream/operators/ema.js';
import { type CommandRun, type OptionsOf, UsageError, numberOption } from './command.js';
import type { PLOT } from './command-options.js';
import { findRunsIn } from './find-runs.js';
import { letterOf, letteredCurves } from './lettered-curves.js';
import type { Terminal } from './terminal.js';
import { count, firstOf, quantity, valueText } from './words.js';

const COLOURS = ['ansiCyan', 'ansiYellow', 'ansiGreen', 'ansiMagenta', 'ansiRed', 'ansiBlue'] as const;
const DEFAULT_WIDTH = 80;
/** Columns taken by the axis, its numbers and its frame. */
const AXIS_WIDTH = 14;
/** More points than this per column of the plot cannot be told apart. */
const POINTS_PER_COLUMN = 4;
const TICKS = 5;
const TICK_GAP = 4;
/**
 * @bound tells: the message says how many more; specs/cli/left-out.spec.ts "says how many metrics
 * it has no room for"
 */
const MAX_NAMED = 8;
/** Values closer together or farther apart than these are drawn by their share of the range. */
const NEAREST = 1e-100;
const FARTHEST = 1e100;

type Point = [x: number, y: number];

interface PlottedCurve {
  readonly name: string;
  readonly points: readonly Point[];
  /** Values that cannot be drawn, by kind. */
  readonly notDrawn: Undrawn;
}

/** Counts of values that are NaN, infinite, or at or below 0 on a logarithmic axis. */
type Undrawn = Readonly<Record<string, number>>;

export const run: CommandRun<typeof PLOT> = async (paths, options, terminal) => {
  const width =
    numberOption(options, 'width', { min: 10, max: 1000 }) ??
    Math.min(terminal.width, DEFAULT_WIDTH + AXIS_WIDTH) - AXIS_WIDTH;
  const height = numberOption(options, 'height', { min: 3, max: 200 }) ?? 15;
  const axes = axesOf(options);
  const { runs, leftOut } = findRunsIn(paths, {}, terminal);
  const metric = options.metric ?? firstMetric(runs);
  const curves: PlottedCurve[] = [];
  for (const { runDir, experiment, run } of runs)
    try {
      const stored = openStoredRun(nodeFs, runDir);
      const { points, isWhole } = await pointsOf(stored, metric, width, axes);
      const notDrawn = isWhole ? {} : await undrawnOf(stored, metric, axes);
      const why = points.length > 0 ? null : noPoints(stored.facts, metric, notDrawn);
      if (why === null) curves.push({ name: `${experiment}/${run}`, points, notDrawn });
      else if (runs.length > 1) terminal.complain(`left out: ${why}`);
      else throw new ExpmanError('INVALID_VALUE', why, { path: runDir });
    } catch (error) {
      leftOut.add(runDir, error);
    }
  if (curves.length === 0) {
    leftOut.throwFirst();
    const kind = axes.isLog ? 'positive' : 'finite';
    throw new ExpmanError('INVALID_VALUE', `no run has ${kind} numbers of ${metric}`);
  }
  if (options.json === true) terminal.json({ metric, curves });
  else draw(metric, curves, { width, height, axes }, terminal);
  return leftOut.end();
};

/** The axes of a plot. */
interface Axes {
  readonly x: 'step' | 'time';
  readonly smooth: number;
  readonly isLog: boolean;
}

function axesOf(options: OptionsOf<typeof PLOT>): Axes {
  const x = options.x ?? 'step';
  if (x !== 'step' && x !== 'time')
    throw new UsageError(`--x must be step or time; got ${JSON.stringify(x)}`);
  const smooth = numberOption(options, 'smooth', { min: 0, max: 0.999, isInteger: false }) ?? 0;
  return { x, smooth, isLog: options.log === true };
}

function firstMetric(runs: readonly RunFacts[]): string {
  const all = runs.flatMap(({ metrics }) => [...metrics]);
  // For a run that diverged at once, say that all is NaN rather than that it has no numbers.
  const found = all.find(([, { min }]) => min !== undefined) ?? all.find(([, { nan = 0 }]) => nan > 0);
  if (found !== undefined) return found[0];
  throw new ExpmanError('INVALID_VALUE', 'no metric of these runs has numbers');
}

async function pointsOf(
  stored: StoredRun,
  metric: string,
  width: number,
  { x: axis, smooth, isLog }: Axes,
): Promise<{ readonly points: readonly Point[]; readonly isWhole: boolean }> {
  const points: Point[] = [];
  let isWhole = true;
  let begun: number | null = null;
  let index = 0;
  // Smoothing needs every value; an unsmoothed curve only shows the peaks of each column.
  const sample = smooth === 0 ? { downsample: width * POINTS_PER_COLUMN } : {};
  for await (const { step, timestamp, values } of stored.rows({ columns: [metric], ...sample })) {
    const value = values[metric];
    begun ??= timestamp;
    const x = axis === 'time' ? (timestamp - begun) / 1000 : Number(step ?? index);
    index++;
    if (!isDrawn(value)) continue;
    const y = Number(value);
    if (undrawnAs(y, isLog) === null) points.push([x, y]);
    else isWhole = false;
  }
  points.sort(([one], [other]) => one - other);
  return { points: await smoothed(points, smooth), isWhole };
}

/** True if a value can be part of a curve: a number, or a boolean as 0 or 1; not a text. */
const isDrawn = (value: MetricValue | undefined): boolean => value !== undefined && typeof value !== 'string';

/** The kind of a value that cannot be drawn; null if it can. */
function undrawnAs(y: number, isLog: boolean): string | null {
  if (!Number.isFinite(y)) return String(y);
  return isLog && y <= 0 ? 'at or below 0' : null;
}

/** Counts all values that cannot be drawn; the points come from a sample of the rows. */
async function undrawnOf(stored: StoredRun, metric: string, { isLog }: Axes): Promise<Undrawn> {
  const counts: Record<string, number> = {};
  for await (const { values } of stored.rows({ columns: [metric] })) {
    const value = values[metric];
    const kind = isDrawn(value) ? undrawnAs(Number(value), isLog) : null;
    if (kind !== null) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Explains why a run has no curve: it has no numbers of the metric, or none that can be drawn. */
function noPoints({ run, metrics }: RunFacts, metric: string, notDrawn: Undrawn): string {
  const kinds = Object.keys(notDrawn);
  if (kinds.length > 0) {
    const total = Object.values(notDrawn).reduce((sum, each) => sum + each, 0);
    const what = kinds.length === 1 ? `all ${kinds.join('')}` : undrawnText(notDrawn);
    return `${run}: ${quantity(total, 'values')} of ${metric}, ${what}`;
  }
  const names = [...metrics].flatMap(([name, { min }]) =>
    min === undefined || name === metric ? [] : [name],
  );
  const has =
    names.length === 0 ? 'none of its metrics has any' : `it has numbers of ${firstOf(names, MAX_NAMED)}`;
  return `${run} has no numbers of ${metric}; ${has}`;
}

const undrawnText = (notDrawn: Undrawn): string =>
  Object.entries(notDrawn)
    .map(([kind, values]) => `${count(values)} ${kind}`)
    .join(', ');

async function smoothed(points: readonly Point[], weight: number): Promise<readonly Point[]> {
  if (weight === 0) return points;
  const smooth = await lastValueFrom(from(points.map(([, y]) => y)).pipe(ema(1 - weight), toArray()), {
    defaultValue: [],
  });
  return points.map(([x], index) => [x, smooth[index] ?? NaN]);
}

/**
 * Returns evenly spaced ticks from the first to the last x, each with its own label and room for
 * it.
 */
function ticksOf(curves: readonly PlottedCurve[], width: number, axis: Axes['x']): number[] {
  const xs = curves.flatMap(({ points }) => [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0]);
  const [from, to] = extentOf(xs);
  const longest = Math.max(...[from, to].map((x) => valueText(x).length));
  const count = Math.max(2, Math.min(TICKS, Math.floor(width / (longest + TICK_GAP))));
  // A step is whole; a time needs enough digits to tell one tick from the next.
  const digits = axis === 'step' ? 0 : Math.ceil(1 - Math.log10((to - from) / (count - 1) || 1));
  const scale = 10 ** Math.min(6, Math.max(0, digits));
  const ticks = Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1));
  return [...new Set(ticks.map((x) => Math.round(x * scale) / scale))];
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

function draw(
  metric: string,
  curves: readonly PlottedCurve[],
  { width, height, axes }: { readonly width: number; readonly height: number; readonly axes: Axes },
  terminal: Terminal,
): void {
  const { isLog } = axes;
  const levels = levelsOf(curves, isLog);
  // Without colours, letters distinguish several curves.
  const isLettered = curves.length > 1 && !terminal.isColoured;
  const settings: Settings = {
    width,
    height,
    title: printable(metric),
    customXAxisTicks: ticksOf(curves, width, axes.x),
    formatter: (value, { axis }) => valueText(axis === 'y' ? levels.valueAt(value) : value),
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

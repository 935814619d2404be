import { from, lastValueFrom, toArray } from 'rxjs';
import { type Settings, plot } from 'simple-ascii-chart';
import { ExpmanError } from '../model/errors.js';
import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { type StoredRun, openStoredRun } from '../reader/stored-run.js';
import { nodeFs } from '../storage/node-fs.js';
import { ema } from '../stream/operators/ema.js';
import { type CommandRun, type Options, UsageError, hasOption, numberOption, textOption } from './command.js';
import { findRunsIn } from './find-runs.js';
import { letterOf, letteredCurves } from './lettered-curves.js';
import type { Terminal } from './terminal.js';
import { valueText } from './words.js';

const COLOURS = ['ansiCyan', 'ansiYellow', 'ansiGreen', 'ansiMagenta', 'ansiRed', 'ansiBlue'] as const;
const DEFAULT_WIDTH = 80;
/** What the axis, its numbers and its frame take of the width. */
const AXIS_WIDTH = 14;
/** More points than the drawing has columns cannot be told apart. */
const POINTS_PER_COLUMN = 4;
const TICKS = 5;
const TICK_GAP = 4;
const MAX_NAMED = 8;

type Point = [x: number, y: number];

interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

export const run: CommandRun = async (paths, options, terminal) => {
  const width =
    numberOption(options, 'width', { min: 10, max: 1000 }) ??
    Math.min(terminal.width, DEFAULT_WIDTH + AXIS_WIDTH) - AXIS_WIDTH;
  const height = numberOption(options, 'height', { min: 3, max: 200 }) ?? 15;
  const axes = axesOf(options);
  const { runs, leftOut } = findRunsIn(paths, options, terminal);
  const metric = textOption(options, 'metric') ?? firstMetric(runs);
  const curves: Curve[] = [];
  for (const { runDir, experiment, run } of runs)
    try {
      const stored = openStoredRun(nodeFs, runDir);
      const points = await pointsOf(stored, metric, width, axes);
      if (points.length > 0) curves.push({ name: `${experiment}/${run}`, points });
      else if (runs.length > 1) terminal.complain(`left out: ${noNumbers(stored, metric, options)}`);
      else throw new ExpmanError('INVALID_VALUE', noNumbers(stored, metric, options), { path: runDir });
    } catch (error) {
      leftOut.add(runDir, error);
    }
  if (curves.length === 0) {
    leftOut.throwFirst();
    throw new ExpmanError('INVALID_VALUE', `no run has numbers of ${metric}`);
  }
  if (options['json'] === true) terminal.json({ metric, curves });
  else draw(metric, curves, { width, height, axes }, terminal);
  return leftOut.end();
};

/** What is drawn over what. */
interface Axes {
  readonly x: 'step' | 'time';
  readonly smooth: number;
  readonly isLog: boolean;
}

function axesOf(options: Options): Axes {
  const x = textOption(options, 'x') ?? 'step';
  if (x !== 'step' && x !== 'time')
    throw new UsageError(`--x must be step or time; got ${JSON.stringify(x)}`);
  const smooth = numberOption(options, 'smooth', { min: 0, max: 0.999, isInteger: false }) ?? 0;
  return { x, smooth, isLog: hasOption(options, 'log') };
}

function firstMetric(runs: readonly RunFacts[]): string {
  for (const { metrics } of runs) for (const [name, { min }] of metrics) if (min !== undefined) return name;
  throw new ExpmanError('INVALID_VALUE', 'no metric of these runs has numbers');
}

async function pointsOf(
  stored: StoredRun,
  metric: string,
  width: number,
  { x: axis, smooth, isLog }: Axes,
): Promise<readonly Point[]> {
  const points: Point[] = [];
  let begun: number | null = null;
  let index = 0;
  // What is smoothed is every value; of a curve as it is, the peaks of each column are all that shows.
  const sample = smooth === 0 ? { downsample: width * POINTS_PER_COLUMN } : {};
  for await (const { step, timestamp, values } of stored.rows({ columns: [metric], ...sample })) {
    const value = values[metric];
    begun ??= timestamp;
    const y = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
    const x = axis === 'time' ? (timestamp - begun) / 1000 : (step ?? index);
    index++;
    if (Number.isFinite(y) && (!isLog || y > 0)) points.push([x, y]);
  }
  points.sort(([one], [other]) => one - other);
  return smoothed(points, smooth);
}

function noNumbers({ facts }: StoredRun, metric: string, options: Options): string {
  const names = [...facts.metrics].flatMap(([name, { min }]) => (min === undefined ? [] : [name]));
  const shown = names.slice(0, MAX_NAMED).join(', ');
  const has = names.length === 0 ? 'no metric of it has any' : `it has those of ${shown}`;
  return `${facts.run} has no ${hasOption(options, 'log') ? 'positive ' : ''}numbers of ${metric}; ${has}${names.length > MAX_NAMED ? ', …' : ''}`;
}

async function smoothed(points: readonly Point[], weight: number): Promise<readonly Point[]> {
  if (weight === 0) return points;
  const smooth = await lastValueFrom(from(points.map(([, y]) => y)).pipe(ema(1 - weight), toArray()), {
    defaultValue: [],
  });
  return points.map(([x], index) => [x, smooth[index] ?? NaN]);
}

/** A few even places between the first and the last x, each with a label of its own that does not touch the next one. */
function ticksOf(curves: readonly Curve[], width: number, axis: Axes['x']): number[] {
  const xs = curves.flatMap(({ points }) => [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0]);
  const [from, to] = [Math.min(...xs), Math.max(...xs)];
  const longest = Math.max(...[from, to].map((x) => valueText(x).length));
  const count = Math.max(2, Math.min(TICKS, Math.floor(width / (longest + TICK_GAP))));
  // A step is whole; of a time as many digits as tell one tick from the next.
  const digits = axis === 'step' ? 0 : Math.ceil(1 - Math.log10((to - from) / (count - 1) || 1));
  const scale = 10 ** Math.min(6, Math.max(0, digits));
  const ticks = Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1));
  return [...new Set(ticks.map((x) => Math.round(x * scale) / scale))];
}

function draw(
  metric: string,
  curves: readonly Curve[],
  { width, height, axes }: { readonly width: number; readonly height: number; readonly axes: Axes },
  terminal: Terminal,
): void {
  const { isLog } = axes;
  const shown = (y: number): number => (isLog ? Math.log10(y) : y);
  // Where nothing is coloured, letters tell several curves apart.
  const isLettered = curves.length > 1 && !terminal.isColoured;
  const settings: Settings = {
    width,
    height,
    title: printable(metric),
    customXAxisTicks: ticksOf(curves, width, axes.x),
    formatter: (value, { axis }) => valueText(axis === 'y' && isLog ? 10 ** value : value),
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
      curves.map(({ points }) => points.map(([x, y]): Point => [x, shown(y)])),
      settings,
    ),
  );
}

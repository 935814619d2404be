import { ExpmanError } from '../model/errors.js';
import { usualFigure } from '../pure/history.js';
import { definedIn } from '../pure/metric-definition.js';
import type { RunFacts } from '../model/run-facts.js';
import { lineageProblem } from '../run/lineage.js';
import { openStoredRun } from '../reader/stored-run.js';
import { nodeFs } from '../storage/node-fs.js';
import { type CommandRun, type OptionsOf, UsageError, numberOption } from './command.js';
import type { PLOT } from './command-options.js';
import { findRunsIn } from './find-runs.js';
import { type Drawing, type PlottedCurve, type Undrawn, drawCurves, undrawnText } from './plot-drawing.js';
import { historyCurves } from './plot-history.js';
import { type Axes, pointsOf, undrawnOf } from './plot-points.js';
import { ExitCode, type Terminal } from './terminal.js';
import { firstOf, quantity, valueText } from './words.js';

const DEFAULT_WIDTH = 80;
/** Columns taken by the axis, its numbers and its frame. */
const AXIS_WIDTH = 14;
/**
 * @bound tells: the message says how many more; specs/cli/left-out.spec.ts "says how many metrics
 * it has no room for"
 */
const MAX_NAMED = 8;

export const run: CommandRun<typeof PLOT> = async (paths, options, terminal) => {
  const size = sizeOf(options, terminal);
  if (options.by !== undefined || options.last !== undefined)
    return plotHistory(paths, options, size, terminal);
  const smooth = numberOption(options, 'smooth', { min: 0, max: 0.999, isInteger: false }) ?? 0;
  const { runs, leftOut } = findRunsIn(paths, options, terminal);
  const metric = options.metric ?? firstMetric(runs);
  const axes: Axes = {
    x: options.x ?? definedIn('x', runs, metric) ?? 'step',
    smooth,
    isLog: options.log === true,
  };
  mustBeAxis(axes.x, runs);
  const curves: PlottedCurve[] = [];
  for (const { runDir, experiment, run } of runs)
    try {
      const stored = openStoredRun(nodeFs, runDir);
      if (stored.facts.parent !== undefined) {
        const problem = lineageProblem(await stored.lineage());
        if (problem !== null) terminal.complain(`${experiment}/${run}: ${problem}`);
      }
      const { points, isWhole } = await pointsOf(stored, metric, size.width, axes);
      const notDrawn = isWhole ? {} : await undrawnOf(stored, metric, axes);
      const why = points.length > 0 ? null : noPoints(stored.facts, metric, axes.x, notDrawn);
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
  if (options.json === true) terminal.json({ metric, x: axes.x, curves });
  else
    drawCurves(
      metric,
      curves,
      { ...size, isLog: axes.isLog, isWhole: axes.x === 'step', labelOf: valueText },
      terminal,
    );
  return leftOut.end();
};

/** Plots one point per run. */
function plotHistory(
  paths: readonly string[],
  options: OptionsOf<typeof PLOT>,
  size: Pick<Drawing, 'width' | 'height'>,
  terminal: Terminal,
): number {
  for (const name of ['x', 'smooth'] as const)
    if (options[name] !== undefined)
      throw new UsageError(`--${name} is for curves of one run; with --by or --last each run is one point`);
  const { by = 'startedAt' } = options;
  const last = numberOption(options, 'last', { min: 1 });
  const { runs, leftOut } = findRunsIn(paths, options, terminal);
  const metric = options.metric ?? usualFigure(runs, entriesOf) ?? noMetric();
  const isLog = options.log === true;
  const { curves, points, isWhole, labelOf } = historyCurves(runs, metric, { by, last, isLog }, terminal);
  if (options.json === true)
    terminal.json({
      metric,
      by,
      points: points.map(({ facts: { experiment, run, runDir }, x, value }) => ({
        ...{ experiment, run, runDir, x, value },
      })),
    });
  else drawCurves(`${metric} by ${by}`, curves, { ...size, isLog, isWhole, labelOf }, terminal);
  return Math.max(leftOut.end(), ExitCode.ok);
}

const sizeOf = (options: OptionsOf<typeof PLOT>, terminal: Terminal): Pick<Drawing, 'width' | 'height'> => ({
  width:
    numberOption(options, 'width', { min: 10, max: 1000 }) ??
    Math.min(terminal.width, DEFAULT_WIDTH + AXIS_WIDTH) - AXIS_WIDTH,
  height: numberOption(options, 'height', { min: 3, max: 200 }) ?? 15,
});

/** Checks that an x axis is one of the fixed ones or a metric of some run. */
function mustBeAxis(x: string, runs: readonly RunFacts[]): void {
  if (x === 'step' || x === 'time' || runs.some(({ metrics }) => metrics.has(x))) return;
  throw new UsageError(`--x must be step, time or a metric of the runs; got ${JSON.stringify(x)}`);
}

/** The metric that is drawn if no other is asked for. */
const firstMetric = (runs: readonly RunFacts[]): string =>
  usualFigure(
    runs.map(({ metrics }) => ({ metrics })),
    entriesOf,
  ) ?? noMetric();

const entriesOf = (metrics: RunFacts['metrics']): RunFacts['metrics'] => metrics;

function noMetric(): never {
  throw new ExpmanError('INVALID_VALUE', 'no metric of these runs has numbers');
}

/** Explains why a run has no curve: it has no numbers of the metric, or none that can be drawn. */
function noPoints({ run, metrics }: RunFacts, metric: string, x: string, notDrawn: Undrawn): string {
  const kinds = Object.keys(notDrawn);
  if (kinds.length > 0) {
    const total = Object.values(notDrawn).reduce((sum, each) => sum + each, 0);
    const what = kinds.length === 1 ? `all ${kinds.join('')}` : undrawnText(notDrawn);
    return `${run}: ${quantity(total, 'values')} of ${metric}, ${what}`;
  }
  if (metrics.get(metric)?.min !== undefined && x !== 'step' && x !== 'time')
    return `${run} has no numbers of ${x} for those of ${metric}`;
  const names = [...metrics].flatMap(([name, { min }]) =>
    min === undefined || name === metric ? [] : [name],
  );
  const has =
    names.length === 0 ? 'none of its metrics has any' : `it has numbers of ${firstOf(names, MAX_NAMED)}`;
  return `${run} has no numbers of ${metric}; ${has}`;
}

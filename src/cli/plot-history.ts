import { dirname } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { nearestWord } from '../model/nearest-word.js';
import type { RunFacts } from '../model/run-facts.js';
import { figureNames } from '../reader/groups.js';
import { type History, type HistoryPoint, historyOf } from '../reader/history.js';
import { type PlottedCurve, type Point, undrawnText } from './plot-drawing.js';
import { undrawnAs } from './plot-points.js';
import type { Terminal } from './terminal.js';
import { firstOf, moment, quantity, valueText } from './words.js';

/**
 * @bound tells: the message says how many more; specs/cli/left-out.spec.ts "says how many metrics
 * it has no room for"
 */
const MAX_NAMED = 8;

/** One figure over runs: a curve for each experiment. */
export interface PlottedHistory {
  readonly curves: readonly PlottedCurve[];
  /** The runs of each curve, for JSON. */
  readonly points: readonly HistoryPoint[];
  readonly isWhole: boolean;
  readonly labelOf: (x: number) => string;
}

/**
 * Makes the curves of a figure over runs; runs that do not have it are reported.
 *
 * @throws {@link ExpmanError} `INVALID_VALUE` if no run has it, `INVALID_FILTER` or `INVALID_OPTION`
 * for a wrong field
 */
export function historyCurves(
  runs: readonly RunFacts[],
  name: string,
  options: { readonly by: string; readonly last: number | undefined; readonly isLog: boolean },
  terminal: Terminal,
): PlottedHistory {
  const history = historyOf(runs, name, options);
  const { points, total } = history;
  if (total === 0) throw none(runs, name, options.by);
  if (total < runs.length)
    terminal.complain(`left out: ${quantity(runs.length - total, 'runs')} without ${name} or ${options.by}`);
  const labels = labelsOf(history);
  const folders = [...new Set(points.map(({ facts }) => dirname(facts.runDir)))];
  const curves = folders.map((folder) =>
    curveOf(
      points.filter(({ facts }) => dirname(facts.runDir) === folder),
      labels.placeOf,
      options.isLog,
    ),
  );
  if (curves.every((curve) => curve.points.length === 0))
    throw new ExpmanError(
      'INVALID_VALUE',
      `no value of ${name} can be drawn: ${curves.map(({ notDrawn }) => undrawnText(notDrawn)).join(', ')}`,
    );
  return { curves: curves.filter((curve) => curve.points.length > 0), points, ...labels };
}

function curveOf(
  some: readonly HistoryPoint[],
  placeOf: (point: HistoryPoint) => number,
  isLog: boolean,
): PlottedCurve {
  const points: Point[] = [];
  const notDrawn: Record<string, number> = {};
  for (const point of some) {
    const kind = undrawnAs(point.value, isLog);
    if (kind === null) points.push([placeOf(point), point.value]);
    else notDrawn[kind] = (notDrawn[kind] ?? 0) + 1;
  }
  return { name: some[0]?.facts.experiment ?? '', points, notDrawn };
}

/** The place of a point on the x axis, and what is written there. */
interface Labels {
  readonly placeOf: (point: HistoryPoint) => number;
  readonly isWhole: boolean;
  readonly labelOf: (x: number) => string;
}

function labelsOf({ points, axis }: History): Labels {
  if (axis !== 'text')
    return {
      placeOf: ({ x }) => Number(x),
      isWhole: axis === 'date' || points.every(({ x }) => Number.isInteger(x)),
      labelOf: axis === 'date' ? (x) => moment(new Date(x).toISOString()) : valueText,
    };
  const names = [...new Set(points.map(({ x }) => x))];
  return {
    placeOf: ({ x }) => names.indexOf(x),
    isWhole: true,
    labelOf: (x) => valueText(names[x] ?? ''),
  };
}

function none(runs: readonly RunFacts[], name: string, by: string): ExpmanError {
  const names = figureNames(runs);
  const near = nearestWord(name, names);
  const hint = near === undefined || near === name ? '' : `; did you mean ${near}?`;
  return new ExpmanError(
    'INVALID_VALUE',
    `no run has a number of ${name} and a value of ${by}${hint} (there are ${firstOf(names, MAX_NAMED)})`,
  );
}

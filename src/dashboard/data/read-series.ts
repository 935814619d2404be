import { bitAt } from '../../columnar/bitmap.js';
import type { Column } from '../../columnar/column.js';
import type { NamedColumn } from '../../columnar/record-batch.js';
import { numberColumn, numbersOf, valueAt } from '../../columnar/column-values.js';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { openInherited } from '../../reader/inherited-rows.js';
import type { OpenRows } from '../../reader/read-rows.js';
import { lineageProblem } from '../../run/lineage.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { Series, SeriesAnswer, SeriesRequest } from '../api.js';
import { CarriedValues } from './carried-values.js';
import { CurveBuilder, type DrawnCurve } from './curve-builder.js';
import { findRun } from './find-run.js';
import { checkWanted } from './wanted.js';

const OF_METRIC = 'metric:';
/**
 * Points of all curves of one answer; the more curves, the fewer points each.
 *
 * @bound tells: a curve that is not exact says of how many values it is;
 * specs/dashboard/page/saved-charts.spec.ts "says that its lines are a sample, where they are, and
 * of how many values"
 */
const MAX_POINTS = 500_000;
const MIN_POINTS = 8;

/**
 * Reads metrics of runs, `experiment/run`, as curves, each run on its own: a run that cannot be
 * read or does not exist hides no other.
 *
 * @throws ExpmanError `RUN_NOT_FOUND` if none of the runs exists
 */
export function readSeries(dir: string, ids: readonly string[], wish: Wish): SeriesAnswer {
  const places = ids.map((run) => ({ run, runDir: findRun(dir, run) }));
  const runs = places.flatMap(({ run, runDir }) => (runDir === null ? [] : [{ run, runDir }]));
  if (runs.length === 0) throw new ExpmanError('RUN_NOT_FOUND', 'there is no such run');
  const series: Series[] = [];
  const failed: SeriesAnswer['failed'] = places
    .filter(({ runDir }) => runDir === null)
    .map(({ run }) => ({ run, code: 'RUN_NOT_FOUND', message: 'there is no such run' }));
  const fair = Math.floor(MAX_POINTS / (runs.length * wish.metric.length));
  const request = { ...wish, points: Math.min(wish.points, Math.max(MIN_POINTS, fair)) };
  const readUntil: Record<string, number> = {};
  for (const { run, runDir } of runs) {
    try {
      const { curves, until, problem } = curvesOfRun(runDir, request);
      if (problem !== null)
        failed.push({ run, code: 'RUN_NOT_FOUND', message: problem.replaceAll(dir, '.') });
      for (const [metric, { x, y, nonFinite, stretches, values, isExact }] of curves)
        series.push({ run, metric, x, y, nonFinite, stretches, values, isExact });
      readUntil[run] = until;
    } catch (error) {
      const code = error instanceof ExpmanError ? error.code : 'IO';
      failed.push({ run, code, message: messageOf(error).replaceAll(runDir, run) });
    }
  }
  return { series, readUntil, failed };
}

interface Wish extends Omit<SeriesRequest, 'runs'> {
  /** Also returns the seconds since the run began when x is something else. */
  readonly withTimes?: boolean;
  /** Metrics of which values are returned beside each curve, by the metric of the curve. */
  readonly beside?: ReadonlyMap<string, string>;
}

/**
 * Reads the curves of a run, by metric, and the last time that was read, in milliseconds since the
 * epoch.
 */
export function curvesOfRun(
  runDir: string,
  wish: Wish,
): {
  readonly curves: ReadonlyMap<string, DrawnCurve>;
  readonly until: number;
  /** What is missing of the curves, in words; null if nothing is. */
  readonly problem: string | null;
} {
  const { info, rows, lineage } = openInherited(nodeFs, runDir);
  const startedMs = Date.parse(info.identity.startedAt);
  try {
    const metrics = [...new Set(wish.metric)].filter((metric) => rows.columnOf.has(metric));
    const curves = new Map(metrics.map((metric) => [metric, new CurveBuilder(wish.points)]));
    const until = readInto(curves, rows, startedMs, wish);
    return {
      problem: lineageProblem(lineage),
      until,
      curves: new Map([...curves].map(([metric, curve]) => [metric, curve.drawn()])),
    };
  } finally {
    rows.close();
  }
}

/** Adds all values to their curves; returns the last time read, in milliseconds since the epoch. */
function readInto(
  curves: ReadonlyMap<string, CurveBuilder>,
  rows: OpenRows,
  startedMs: number,
  wish: Wish,
): number {
  const { x, from = -Infinity, to = Infinity } = wish;
  const xMetric = x.startsWith(OF_METRIC) ? x.slice(OF_METRIC.length) : null;
  const columnOf = (metric: string): string => rows.columnOf.get(metric) ?? '';
  const { beside = new Map<string, string>() } = wish;
  const carried = new Map(
    [...(xMetric === null ? [] : [xMetric]), ...beside.values()].map((name) => [name, new CarriedValues()]),
  );
  const names = [...curves.keys(), ...carried.keys()].map(columnOf);
  let until = 0;
  let before = 0;
  const passedOver = (count: number): void => {
    before += count;
  };
  const steps = x === 'step' ? { fromStep: from, toStep: to, isWithStepless: true, passedOver } : {};
  for (const batch of rows.batches({ columns: new Set(names), ...steps })) {
    checkWanted();
    const [step, timestamp] = batch;
    if (step === undefined || timestamp === undefined) continue;
    // Rows come in the order they were logged: the last one of a batch is its newest.
    const newest = step.length === 0 ? null : valueAt(timestamp, step.length - 1);
    if (newest !== null) until = Math.max(until, Number(newest) / 1000);
    const along = new Map(
      [...carried].map(([name, values]) => [name, values.next(named(batch, columnOf(name)), step.length)]),
    );
    const axis =
      xMetric !== null
        ? (along.get(xMetric) ?? null)
        : x === 'time'
          ? secondsSince(startedMs, timestamp)
          : stepsOf(step, before);
    const times = wish.withTimes === true ? secondsSince(startedMs, timestamp) : null;
    for (const [metric, curve] of curves) {
      const column = named(batch, columnOf(metric));
      const numbers = column === undefined ? null : numberColumn(column);
      if (numbers === null || axis === null) continue;
      const { values, validity } = numbers;
      const others = along.get(beside.get(metric) ?? '');
      for (let row = 0; row < values.length; row++) {
        const at = axis[row] ?? NaN;
        if (Number.isFinite(at) && at >= from && at <= to && (validity === null || bitAt(validity, row)))
          curve.add(at, values[row] ?? NaN, times?.[row], others?.[row]);
      }
    }
    before += step.length;
  }
  return until;
}

const named = (batch: readonly NamedColumn[], name: string): NamedColumn | undefined =>
  batch.find((column) => column.name === name);

const secondsSince = (startedMs: number, timestamp: Column): Float64Array | null =>
  numbersOf(timestamp)?.map((micros) => micros / 1e6 - startedMs / 1e3) ?? null;

/** The steps as numbers; a row without a step gets its index among the rows. */
function stepsOf(step: Column, before: number): Float64Array {
  const numbers = numbersOf(step) ?? new Float64Array(step.length);
  const { validity } = step;
  if (validity !== null)
    for (let row = 0; row < numbers.length; row++) if (!bitAt(validity, row)) numbers[row] = before + row;
  return numbers;
}

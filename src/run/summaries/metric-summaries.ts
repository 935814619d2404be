import { bitAt } from '../../columnar/bitmap.js';
import type { Column } from '../../columnar/column.js';
import { valueAt } from '../../columnar/column-values.js';
import { extremeSteps, type MetricSummary, type MetricValue } from '../../model/metric.js';
import { jsonable } from '../../model/jsonable.js';
import { plainInteger } from '../../model/plain-integer.js';
import type { Step } from '../../model/step.js';

interface Tally {
  /** The last number or boolean; until there is one, the last text. */
  last: MetricValue;
  count: number;
  nan: number;
  /** The number of numbers that are not NaN, booleans as 0 and 1. */
  numbers: number;
  /** Summed value by value, so that it does not depend on where batches end. */
  sum: number;
  min: number | bigint;
  max: number | bigint;
  /** The step of the smallest number; NaN if its row has none. */
  minStep: Step;
  maxStep: Step;
  texts: number;
}

/**
 * A tally in a plain form, for the file's metadata; `texts` is absent when it is 0, and in files of
 * 0.1.0.
 */
export type PlainTally = readonly [
  metric: string,
  tally: Readonly<Omit<Tally, 'texts'> & Partial<Pick<Tally, 'texts'>>>,
];

/** Rows to be tallied, in the order they were logged. */
export interface TalliedRows {
  /** The steps as doubles, NaN for none. */
  readonly steps: Float64Array;
  /** Steps beyond 2^53, exact, by row. */
  readonly wideSteps?: ReadonlyMap<number, bigint>;
  readonly metrics: readonly {
    readonly metric: string;
    readonly column: Column;
    /** The values by the kind they were logged as, if known; otherwise the column. */
    readonly parts?: readonly Column[];
  }[];
}

/**
 * Last, smallest, largest and mean of every metric, kept up to date batch by batch.
 *
 * Each value counts by the kind it was logged as, one after another: the result does not depend on
 * where batches end. Numbers and bigints are compared exactly; the smallest and the largest keep
 * the kind they were logged as.
 */
export class MetricSummaries {
  private readonly tallies = new Map<string, Tally>();

  add({ metrics, steps, wideSteps }: TalliedRows): void {
    const stepAt = stepsOf(steps, wideSteps);
    for (const { metric, column, parts = [column] } of metrics) {
      let tally = this.tallies.get(metric);
      if (tally === undefined) this.tallies.set(metric, (tally = emptyTally()));
      const [only, ...others] = parts;
      if (only !== undefined && others.length === 0) addColumn(tally, only, stepAt);
      else addParts(tally, parts, steps.length, stepAt);
    }
  }

  toSummary(): Map<string, MetricSummary> {
    return jsonable(new Map([...this.tallies].map(([metric, tally]) => [metric, summaryOf(tally)])));
  }

  toPlain(): PlainTally[] {
    return [...this.tallies].map(([metric, { texts, ...tally }]) => [
      metric,
      { ...tally, ...(texts > 0 && { texts }) },
    ]);
  }

  restore(plain: readonly PlainTally[]): void {
    for (const [metric, tally] of plain) this.tallies.set(metric, { texts: 0, ...tally });
  }
}

/** The summaries in a file's metadata. */
export function summariesFrom(plain: readonly PlainTally[]): Map<string, MetricSummary> {
  const summaries = new MetricSummaries();
  summaries.restore(plain);
  return summaries.toSummary();
}

/**
 * Tallies the values of columns, for a run from which rows were removed: in a column that became
 * text, the numbers are the values that were logged as numbers.
 */
export function tallyOf(rows: Iterable<TalliedRows>): MetricSummaries {
  const summaries = new MetricSummaries();
  for (const some of rows) summaries.add(some);
  return summaries;
}

const emptyTally = (): Tally => ({
  last: NaN,
  count: 0,
  nan: 0,
  numbers: 0,
  sum: 0,
  min: Infinity,
  max: -Infinity,
  minStep: NaN,
  maxStep: NaN,
  texts: 0,
});

function stepsOf(
  steps: Float64Array,
  wideSteps: ReadonlyMap<number, bigint> | undefined,
): (row: number) => Step {
  if (wideSteps === undefined || wideSteps.size === 0) return (row) => steps[row] ?? NaN;
  return (row) => wideSteps.get(row) ?? steps[row] ?? NaN;
}

/** Adds a column of one kind, as most metrics have, without creating a value for each cell. */
function addColumn(tally: Tally, column: Column, stepAt: (row: number) => Step): void {
  const { length, validity } = column;
  if (column.type === 'DOUBLE' || column.type === 'INT64') {
    for (let row = 0; row < length; row++)
      if (validity === null || bitAt(validity, row)) addNumber(tally, column.values[row] ?? 0, stepAt, row);
    return;
  }
  if (column.type !== 'UTF8' || column.numeric !== undefined) {
    addParts(tally, [column], length, stepAt);
    return;
  }
  let last = -1;
  for (let row = 0; row < length; row++) {
    if (validity !== null && !bitAt(validity, row)) continue;
    tally.texts++;
    last = row;
  }
  if (last < 0) return;
  if (isOfTexts(tally)) tally.last = valueAt(column, last) ?? '';
  tally.count += length - column.nullCount;
}

/** Adds values row by row; at most one part has a value in a row. */
function addParts(tally: Tally, parts: readonly Column[], rows: number, stepAt: (row: number) => Step): void {
  for (let row = 0; row < rows; row++)
    for (const part of parts) {
      const value = valueAt(part, row);
      if (value !== null) addValue(tally, value, stepAt, row);
    }
}

function addValue(tally: Tally, value: MetricValue, stepAt: (row: number) => Step, row: number): void {
  if (typeof value === 'string') {
    if (isOfTexts(tally)) tally.last = value;
    tally.count++;
    tally.texts++;
    return;
  }
  addNumber(tally, typeof value === 'boolean' ? Number(value) : value, stepAt, row);
  tally.last = value;
}

/** True until there is a number. */
const isOfTexts = ({ count, last }: Tally): boolean => count === 0 || typeof last === 'string';

function addNumber(tally: Tally, value: number | bigint, stepAt: (row: number) => Step, row: number): void {
  tally.last = value;
  tally.count++;
  if (value !== value) {
    tally.nan++;
    return;
  }
  tally.numbers++;
  tally.sum += Number(value);
  if (value < tally.min || tally.numbers === 1) {
    tally.min = value;
    tally.minStep = stepAt(row);
  }
  if (value > tally.max || tally.numbers === 1) {
    tally.max = value;
    tally.maxStep = stepAt(row);
  }
}

function summaryOf(tally: Tally): MetricSummary {
  const { last, count, nan, numbers, sum, min, max, minStep, maxStep, texts } = tally;
  return {
    last: plainInteger(last),
    count,
    ...(numbers > 0 && { min: plainInteger(min), max: plainInteger(max), mean: sum / numbers }),
    ...(numbers > 0 && extremeSteps(knownStep(minStep), knownStep(maxStep))),
    ...(nan > 0 && { nan }),
    ...(texts > 0 && { texts }),
  };
}

const knownStep = (step: Step): Step | undefined => (Number.isNaN(step) ? undefined : step);

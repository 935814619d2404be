import { bitAt } from '../columnar/bitmap.js';
import type { Column } from '../columnar/column.js';
import type { MetricSummary, MetricValue } from '../model/metric.js';
import { plainInteger } from '../model/plain-integer.js';
import type { DecodedRows } from './decode-spans.js';

interface Tally {
  last: MetricValue;
  count: number;
  nan: number;
  /** Numbers that are not NaN. */
  numbers: number;
  sum: number;
  min: number | bigint;
  max: number | bigint;
  minStep: number;
  maxStep: number;
}

/** A tally in a plain form, for the file's metadata. */
export type PlainTally = readonly [metric: string, tally: Readonly<Tally>];

/** Last, smallest, largest and mean of every metric, kept up to date batch by batch. */
export class MetricSummaries {
  private readonly tallies = new Map<string, Tally>();

  add({ metrics, steps }: DecodedRows): void {
    for (const { metric, column } of metrics) {
      let tally = this.tallies.get(metric);
      if (tally === undefined) this.tallies.set(metric, (tally = emptyTally()));
      addColumn(tally, column, steps);
    }
  }

  toSummary(): Map<string, MetricSummary> {
    return new Map([...this.tallies].map(([metric, tally]) => [metric, summaryOf(tally)]));
  }

  toPlain(): PlainTally[] {
    return [...this.tallies];
  }

  restore(plain: readonly PlainTally[]): void {
    for (const [metric, tally] of plain) this.tallies.set(metric, { ...tally });
  }
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
});

function addColumn(tally: Tally, column: Column, steps: Float64Array): void {
  const { length, validity } = column;
  if (column.type === 'DOUBLE' || column.type === 'INT64') {
    for (let row = 0; row < length; row++)
      if (validity === null || bitAt(validity, row))
        addNumber(tally, column.values[row] ?? 0, steps[row] ?? NaN);
    return;
  }
  let last = -1;
  for (let row = 0; row < length; row++) {
    if (validity !== null && !bitAt(validity, row)) continue;
    tally.count++;
    last = row;
  }
  if (last < 0) return;
  if (column.type === 'BOOLEAN') tally.last = bitAt(column.values, last);
  else if (column.type === 'UTF8')
    tally.last = Buffer.from(column.values.subarray(column.offsets[last], column.offsets[last + 1])).toString(
      'utf8',
    );
}

function addNumber(tally: Tally, value: number | bigint, step: number): void {
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
    tally.minStep = step;
  }
  if (value > tally.max || tally.numbers === 1) {
    tally.max = value;
    tally.maxStep = step;
  }
}

function summaryOf({ last, count, nan, numbers, sum, min, max, minStep, maxStep }: Tally): MetricSummary {
  return {
    last: plainInteger(last),
    count,
    ...(numbers > 0 && { min: plainInteger(min), max: plainInteger(max), mean: sum / numbers }),
    ...(numbers > 0 && !Number.isNaN(minStep) && { minStep }),
    ...(numbers > 0 && !Number.isNaN(maxStep) && { maxStep }),
    ...(nan > 0 && { nan }),
  };
}

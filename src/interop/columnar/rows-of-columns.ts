import { bitAt } from '../../columnar/bitmap.js';
import type { Column } from '../../columnar/column.js';
import { cellAt } from '../../columnar/text-cells.js';
import { rowValues } from '../exchange/made-row.js';
import { elapsedOf, microsOfIso, microsOfNumber } from '../exchange/instants.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';
import { parseStep, type Step, stepFromText } from '../../model/step.js';

/** The columns of a batch of rows. */
export interface RowColumns {
  readonly step: Column | null;
  readonly timestamp: Column | null;
  /** For a table of any writer: the metric of times that are seconds since the start. */
  readonly elapsed?: string;
  readonly metrics: readonly { readonly metric: string; readonly column: Column }[];
}

/** Yields the rows of a batch in order; a null means that the row does not have the metric. */
export function* rowsOfColumns({
  step,
  timestamp,
  elapsed,
  metrics,
}: RowColumns): Generator<MetricRow, void> {
  const length = (step ?? timestamp ?? metrics[0]?.column)?.length ?? 0;
  const steps = step === null ? null : valuesOf(step);
  const times = timestamp === null ? null : valuesOf(timestamp);
  const readers = metrics.map(({ metric, column }) => ({ metric, at: valuesOf(column) }));
  for (let row = 0; row < length; row++) {
    const entries: [string, MetricValue][] = [];
    for (const { metric, at } of readers) {
      const value = at(row);
      if (value !== null) entries.push([metric, value]);
    }
    const time = times?.(row) ?? null;
    const seconds = elapsed === undefined || timestamp?.type === 'TIMESTAMP' ? undefined : elapsedOf(time);
    if (elapsed !== undefined && seconds !== undefined) entries.push([elapsed, seconds]);
    const micros = seconds === undefined ? microsIn(time, timestamp) : undefined;
    yield {
      step: stepOfValue(steps?.(row) ?? null),
      ...(micros !== undefined && { timestamp: micros / 1000 }),
      values: rowValues(entries),
    };
  }
}

/** Integers are microseconds in a column of times, and in any other a number since the epoch. */
const microsIn = (time: MetricValue | null, column: Column | null): number | undefined =>
  microsOfValue(typeof time === 'bigint' && column?.type !== 'TIMESTAMP' ? Number(time) : time);

/** Returns a function that reads the value of a row; null if there is none. */
export function valuesOf(column: Column): (row: number) => MetricValue | null {
  const { validity } = column;
  const at = validValues(column);
  return validity === null ? at : (row) => (bitAt(validity, row) ? at(row) : null);
}

function validValues(column: Column): (row: number) => MetricValue {
  switch (column.type) {
    case 'DOUBLE': {
      const { values } = column;
      return (row) => values[row] ?? NaN;
    }
    case 'INT64':
    case 'TIMESTAMP': {
      const { values } = column;
      return (row) => values[row] ?? 0n;
    }
    case 'BOOLEAN': {
      const { values } = column;
      return (row) => bitAt(values, row);
    }
    case 'UTF8': {
      const { offsets, values, numeric } = column;
      if (numeric !== undefined) return (row) => cellAt(column, row);
      const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
      return (row) => bytes.toString('utf8', offsets[row], offsets[row + 1]);
    }
    default:
      return column satisfies never;
  }
}

/** Parses a step from another tool: any 64-bit integer. */
export function stepOfValue(value: MetricValue | null): Step | null {
  const number = value === null || value === '' ? NaN : Number(value);
  if (Number.isSafeInteger(number)) return number;
  return (typeof value === 'string' ? stepFromText(value) : parseStep(value)) ?? null;
}

/** Parses a timestamp from another tool: microseconds, a number in another unit, or ISO 8601. */
export function microsOfValue(value: MetricValue | null): number | undefined {
  if (typeof value === 'string') return microsOfIso(value);
  if (typeof value === 'number') return microsOfNumber(value);
  return typeof value === 'bigint' && BigInt.asIntN(54, value) === value ? Number(value) : undefined;
}

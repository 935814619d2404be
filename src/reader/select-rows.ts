import type { Column } from '../columnar/column.js';
import type { NamedColumn } from '../columnar/record-batch.js';
import { gatherRows } from '../columnar/named-columns.js';
import { stepReader, valueAt } from '../columnar/column-values.js';
import { concatColumns } from '../columnar/concat.js';
import { bareObject } from '../model/param-value.js';
import { callback, flag, integer, ruleOf, strings } from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import type { MetricRow, MetricValue } from '../model/metric.js';
import type { Step } from '../model/step.js';
import { chooseRows } from './downsampling.js';
import type { OpenRows } from './read-rows.js';

/**
 * A row as logged; values are numbers, bigints, booleans or text; metrics without a value are left
 * out.
 */
export interface StoredRow extends MetricRow {
  /** A number within 2^53, a bigint beyond; null for a row without a step. */
  readonly step: number | bigint | null;
  /** Milliseconds since the epoch, UTC; microseconds are its fraction. */
  readonly timestamp: number;
  /**
   * The session that logged the row, by the epoch of its owner; only present if the selection asks
   * for it.
   */
  readonly session?: number;
}

/** The rows and columns to read; all by default. */
export interface RowSelection {
  /**
   * Metrics by name; `step` and `timestamp` are always included. A name that the run does not have
   * is ignored.
   */
  readonly columns?: readonly string[] | undefined;
  /** The first step; rows without a step are left out if `fromStep` or `toStep` is given. */
  readonly fromStep?: number | bigint | undefined;
  /** The last step. */
  readonly toStep?: number | bigint | undefined;
  /**
   * True to add the session of each row: a column `session` (INT64) after the timestamp, and a
   * property of each row. The epoch rises each time the run is opened; rows of 0.1.0 have session
   * -1.
   */
  readonly session?: boolean | undefined;
  /**
   * True to put the rows of the runs from which this one was forked before its own, up to the steps
   * of the forks; their session is -1. `points` does so unless it is false.
   */
  readonly inherited?: boolean | undefined;
  /** Only rows for which this returns true. */
  readonly where?: ((row: StoredRow) => boolean) | undefined;
  /**
   * Keeps at most this many rows, in order: the first and the last, and from each of equally long
   * stretches the rows in which a metric has its least and its greatest finite number, one NaN and
   * one infinity of either sign, if it has them. Booleans count as 0 and 1.
   *
   * One stretch is always kept, whatever the limit: 2 rows, and up to 5 for each metric.
   */
  readonly downsample?: number | undefined;
}

const isStep = (value: unknown): value is Step =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isNaN(value));

/** The rules of {@link RowSelection}. */
export const SELECTION = optionsTable<RowSelection>()({
  columns: strings('a list of metric names'),
  fromStep: ruleOf('a number or a bigint', isStep),
  toStep: ruleOf('a number or a bigint', isStep),
  session: flag().byDefault(false),
  inherited: flag().byDefault(false),
  where: callback<(row: StoredRow) => boolean>('a function of a row'),
  downsample: integer(1),
});

/** A {@link RowSelection} that was checked. */
export type CheckedSelection = ResolvedBy<typeof SELECTION>;

/** Yields the selected rows in batches; downsampled rows come as a single batch. */
export function* selectRows(rows: OpenRows, selection: CheckedSelection): Generator<NamedColumn[], void> {
  if (selection.downsample === undefined) {
    yield* filtered(rows, selection);
    return;
  }
  const [first, ...rest] = filtered(rows, selection);
  if (first === undefined) return;
  yield downsampled(
    first.map(({ name, type }, index) => ({
      ...concatColumns(
        type,
        [first, ...rest].flatMap((batch) => batch[index] ?? []),
      ),
      name,
    })),
    selection.downsample,
    keyColumns(selection),
  );
}

/** Rows as columns, with metrics under their own names. */
export interface ColumnarRows {
  readonly step: Column;
  readonly timestamp: Column;
  readonly session?: Column;
  readonly metrics: readonly { readonly metric: string; readonly column: Column }[];
}

/** Sorts the columns of a batch by role. */
export function columnarRows(
  [step, timestamp, ...others]: readonly NamedColumn[],
  metricOf: (column: string) => string,
  isWithSession = false,
): ColumnarRows {
  const [session, ...rest] = others;
  if (step === undefined || timestamp === undefined || (isWithSession && session === undefined))
    throw new TypeError('a batch without step and timestamp');
  const metrics = isWithSession ? rest : others;
  return {
    ...{ step, timestamp, ...(isWithSession && session !== undefined && { session }) },
    metrics: metrics.map((column) => ({ metric: metricOf(column.name), column })),
  };
}

/** Yields columns as rows, one by one. */
export function* rowsOf(columns: ColumnarRows): Generator<StoredRow, void> {
  const stepOf = stepReader(columns.step);
  for (let row = 0; row < columns.step.length; row++) yield rowAt(columns, stepOf(row), row);
}

function* filtered(rows: OpenRows, selection: CheckedSelection): Generator<NamedColumn[], void> {
  const { columns, fromStep = -Infinity, toStep = Infinity, session, where } = selection;
  // A name that is not a metric of the run may still be the column name of another metric.
  const wanted = columns && new Set(columns.flatMap((metric) => rows.columnOf.get(metric) ?? []));
  const metricOf = metricNames(rows);
  // It is not known which metrics a predicate reads, so it gets all of them.
  const read = {
    fromStep,
    toStep,
    isWithSession: session,
    ...(wanted !== undefined && where === undefined && { columns: wanted }),
  };
  const hasRange = fromStep !== -Infinity || toStep !== Infinity;
  for (const batch of rows.batches(read)) {
    let kept: NamedColumn[] = batch;
    if (hasRange) kept = filterRows(kept, inRange(kept, fromStep, toStep));
    if (where !== undefined) {
      const columns = columnarRows(kept, metricOf, session);
      const stepOf = stepReader(columns.step);
      kept = filterRows(kept, (row) => where(rowAt(columns, stepOf(row), row)));
    }
    yield wanted === undefined || where === undefined
      ? kept
      : kept.filter(({ name }, at) => at < keyColumns(selection) || wanted.has(name));
  }
}

/** Returns a function from column names to metric names. */
export function metricNames({ columnOf }: OpenRows): (column: string) => string {
  const names = new Map([...columnOf].map(([metric, column]) => [column, metric]));
  return (column) => names.get(column) ?? column;
}

/** The number of columns before the metrics. */
const keyColumns = ({ session }: CheckedSelection): number => (session ? 3 : 2);

function rowAt({ timestamp, session, metrics }: ColumnarRows, step: Step | null, row: number): StoredRow {
  const values: [string, MetricValue][] = [];
  for (const { metric, column } of metrics) {
    const value = valueAt(column, row);
    if (value !== null) values.push([metric, value]);
  }
  return {
    step,
    ...(session !== undefined && { session: numberOrNull(valueAt(session, row)) ?? -1 }),
    timestamp: timestampAt(timestamp, row),
    values: bareObject(values),
  };
}

/** Returns the timestamp of a row in milliseconds; NaN for a row without one. */
export const timestampAt = (timestamps: Column, row: number): number =>
  (numberOrNull(valueAt(timestamps, row)) ?? NaN) / 1000;

const numberOrNull = (value: MetricValue | null): number | null => (value === null ? null : Number(value));

function inRange([step]: readonly NamedColumn[], from: Step, to: Step): (row: number) => boolean {
  if (step === undefined) return () => false;
  const stepOf = stepReader(step);
  return (row) => {
    const value = stepOf(row);
    return value !== null && value >= from && value <= to;
  };
}

function filterRows(batch: NamedColumn[], keeps: (row: number) => boolean): NamedColumn[] {
  const length = batch[0]?.length ?? 0;
  const source = new Int32Array(length);
  let count = 0;
  for (let row = 0; row < length; row++) if (keeps(row)) source[count++] = row;
  return count === length ? batch : gatherRows(batch, source.subarray(0, count));
}

function downsampled(batch: NamedColumn[], limit: number, keys: number): NamedColumn[] {
  const length = batch[0]?.length ?? 0;
  return length <= limit ? batch : gatherRows(batch, chooseRows(batch.slice(keys), length, limit));
}

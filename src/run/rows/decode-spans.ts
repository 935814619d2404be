import { ValueKind } from '../../channel/chunk-layout.js';
import { type RowSpan, eachStep } from '../../channel/records.js';
import type { Column, ColumnType } from '../../columnar/column.js';
import type { BatchPlace } from '../../columnar/row-group.js';
import { bitAt, bitmapBytes, setBit } from '../../columnar/bitmap.js';
import {
  BooleanBuilder,
  type ColumnBuilder,
  IntegerBuilder,
  NumberBuilder,
  TextBuilder,
  builderOf,
} from '../../columnar/column-builder.js';
import { concatColumns } from '../../columnar/concat.js';
import { gatherColumn } from '../../columnar/gather.js';
import { int64FromDoubles } from '../../columnar/int64.js';
import { integersExact, widenColumn, widerType } from '../../columnar/widen.js';

/** The calls of some spans as columns, to be put in a record batch. */
export interface DecodedRows {
  readonly calls: number;
  /** The rows of the calls. */
  readonly place: BatchPlace;
  /** The calls' steps as doubles, NaN for none. */
  readonly steps: Float64Array;
  /** Steps beyond 2^53, exact, by call. */
  readonly wideSteps: ReadonlyMap<number, bigint>;
  readonly step: Column;
  readonly timestamp: Column;
  readonly metrics: readonly DecodedMetric[];
}

/** The values of a metric in a batch. */
export interface DecodedMetric {
  readonly metric: string;
  readonly column: Column;
  /**
   * The same values by the kind they were logged as, each row in at most one part; several for a
   * metric that changes its kind.
   */
  readonly parts: readonly Column[];
}

const TYPE_OF: Readonly<Record<ValueKind, Exclude<ColumnType, 'TIMESTAMP'>>> = {
  [ValueKind.number]: 'DOUBLE',
  [ValueKind.bigint]: 'INT64',
  [ValueKind.boolean]: 'BOOLEAN',
  [ValueKind.string]: 'UTF8',
};

/**
 * Turns spans of one session's records into columns: for rows without strings, one strided copy per
 * span and metric.
 *
 * The spans must follow one another, so that the rows they begin do, too.
 */
export function decodeSpans(spans: readonly RowSpan[]): DecodedRows {
  const rows = spans.reduce((sum, span) => sum + span.rows, 0);
  const steps = new Float64Array(rows);
  const timestamps = new Float64Array(rows);
  const builders = new BatchBuilders(rows);
  let row = 0;
  for (const stretch of stretchesIn(spans)) {
    if (stretch.shape.hasStrings) decodeVarying(stretch, row, steps, timestamps, builders);
    else decodeFixed(stretch, row, steps, timestamps, builders);
    row += stretch.rows;
  }
  const wideSteps = wideStepsOf(spans);
  for (const [call, step] of wideSteps) steps[call] = Number(step);
  return {
    calls: rows,
    place: placeOf(spans, rows),
    steps,
    wideSteps,
    step: stepColumn(steps, wideSteps),
    timestamp: {
      type: 'TIMESTAMP',
      length: rows,
      nullCount: 0,
      validity: null,
      values: int64FromDoubles(timestamps),
    },
    metrics: builders.finish(),
  };
}

/** Rows of one shape that follow one another in a payload. */
type Stretch = Pick<RowSpan, 'views' | 'start' | 'rows' | 'shape'>;

/**
 * Joins spans that follow one another in their payload: a span is small, and starting one costs
 * more than its rows.
 */
function* stretchesIn(spans: readonly RowSpan[]): Generator<Stretch, void> {
  for (let first = 0, next = 0; first < spans.length; first = next) {
    const span = spans[first];
    if (span === undefined) return;
    const { views, shape, start } = span;
    let rows = 0;
    let end = start;
    for (let other: RowSpan | undefined = span; other?.views === views; other = spans[++next]) {
      if (other.start !== end || other.shape !== shape) break;
      rows += other.rows;
      end += other.length;
    }
    yield { views, start, rows, shape };
  }
}

function placeOf(spans: readonly RowSpan[], calls: number): BatchPlace {
  const rows = spans.reduce((sum, { begun }) => sum + begun, 0);
  if (spans.every(({ targets }) => targets === null)) return { rows, targets: null };
  const targets = new Int32Array(calls);
  let [call, row] = [0, 0];
  for (const span of spans) {
    for (let i = 0; i < span.rows; i++) targets[call++] = row + (span.targets?.[i] ?? i);
    row += span.begun;
  }
  return { rows, targets };
}

function wideStepsOf(spans: readonly RowSpan[]): ReadonlyMap<number, bigint> {
  const steps = new Map<number, bigint>();
  let first = 0;
  for (const span of spans) {
    let call = first;
    if (span.wide)
      eachStep(span, (step) => {
        steps.set(call++, BigInt(step));
      });
    first += span.rows;
  }
  return steps;
}

/** The builders of a batch, one for each metric and kind of value in it. */
class BatchBuilders {
  private readonly byMetric = new Map<string, ColumnBuilder[]>();

  constructor(private readonly rows: number) {}

  get(metric: string, kind: ValueKind): ColumnBuilder {
    const type = TYPE_OF[kind];
    let builders = this.byMetric.get(metric);
    if (builders === undefined) this.byMetric.set(metric, (builders = []));
    let builder = builders.find((each) => each.type === type);
    if (builder === undefined) builders.push((builder = builderOf(type, this.rows)));
    return builder;
  }

  finish(): DecodedMetric[] {
    return [...this.byMetric].map(([metric, builders]) => {
      const parts = builders.map((builder) => builder.finish());
      return { metric, column: uniteKinds(parts), parts };
    });
  }
}

/**
 * Combines the parts of a metric that changed its type within the batch: they are widened to one
 * type; at most one of them has a value in a row.
 */
function uniteKinds(parts: readonly Column[]): Column {
  const [first, ...rest] = parts;
  if (first === undefined) throw new RangeError('a metric has no values');
  if (rest.length === 0) return first;
  const exact = parts.every((part) => part.type !== 'INT64' || integersExact(part));
  const type = parts.reduce<ColumnType>((wide, part) => widerType(wide, part.type, exact), first.type);
  // First the parts one after another, then for each row the value of the part that has one.
  const source = new Int32Array(first.length).fill(-1);
  parts.forEach(({ validity, length }, index) => {
    for (let row = 0; row < length; row++)
      if (validity === null || bitAt(validity, row)) source[row] = index * length + row;
  });
  return gatherColumn(
    concatColumns(
      type,
      parts.map((part) => widenColumn(part, type)),
    ),
    source,
  );
}

function stepColumn(steps: Float64Array, wideSteps: ReadonlyMap<number, bigint>): Column {
  const length = steps.length;
  const validity = new Uint8Array(bitmapBytes(length));
  let valid = 0;
  for (let row = 0; row < length; row++) {
    const step = steps[row] ?? NaN;
    if (step !== step) continue;
    setBit(validity, row);
    valid++;
  }
  const nullCount = length - valid;
  const values = int64FromDoubles(steps);
  for (const [row, step] of wideSteps) values[row] = step;
  return { type: 'INT64', length, nullCount, validity: nullCount === 0 ? null : validity, values };
}

/** Decodes rows of equal length; the steps of a wide span are left to the caller. */
function decodeFixed(
  { views, start, rows, shape }: Stretch,
  row: number,
  steps: Float64Array,
  timestamps: Float64Array,
  builders: BatchBuilders,
): void {
  const stride = 3 + shape.kinds.length;
  const doubles = views.doubles.subarray(start >> 3, (start >> 3) + rows * stride);
  for (let i = 0, at = 1; i < rows; i++, at += stride) {
    steps[row + i] = doubles[at] ?? NaN;
    timestamps[row + i] = doubles[at + 1] ?? NaN;
  }
  shape.metrics.forEach((metric, index) => {
    const builder = builders.get(metric, shape.kinds[index] ?? ValueKind.number);
    if (builder instanceof NumberBuilder) builder.copy(row, rows, doubles, 3 + index, stride);
    else if (builder instanceof IntegerBuilder)
      builder.copy(
        row,
        rows,
        new BigInt64Array(doubles.buffer, doubles.byteOffset, doubles.length),
        3 + index,
        stride,
      );
    else if (builder instanceof BooleanBuilder)
      for (let i = 0; i < rows; i++) builder.set(row + i, doubles[i * stride + 3 + index] === 1);
  });
}

/**
 * Decodes rows that differ in length because of their texts; the steps of a wide span are left to
 * the caller.
 */
function decodeVarying(
  { views, start, rows, shape }: Stretch,
  row: number,
  steps: Float64Array,
  timestamps: Float64Array,
  builders: BatchBuilders,
): void {
  const { bytes, words } = views;
  const columns = shape.metrics.map((metric, index) =>
    builders.get(metric, shape.kinds[index] ?? ValueKind.number),
  );
  for (let i = 0, at = start; i < rows; i++, at += words[at >> 2] ?? 8) {
    const doubles = new Float64Array(bytes.buffer, bytes.byteOffset + at, 3 + columns.length);
    steps[row + i] = doubles[1] ?? NaN;
    timestamps[row + i] = doubles[2] ?? NaN;
    let text = at + 8 * doubles.length;
    columns.forEach((builder, index) => {
      const value = doubles[3 + index] ?? NaN;
      if (builder instanceof NumberBuilder) builder.copy(row + i, 1, doubles, 3 + index, 1);
      else if (builder instanceof BooleanBuilder) builder.set(row + i, value === 1);
      else if (builder instanceof TextBuilder) {
        builder.set(row + i, bytes.subarray(text, text + value));
        text += value;
      } else
        builder.copy(
          row + i,
          1,
          new BigInt64Array(doubles.buffer, doubles.byteOffset, doubles.length),
          3 + index,
          1,
        );
    });
  }
}

import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellText } from '../support/cell-text.js';
import type { Column, ColumnField, ColumnType } from '../../src/columnar/column.js';
import { MetricColumns } from '../../src/columnar/metric-columns.js';
import { columnAt, fieldsOf, recordBatchOf } from '../../src/columnar/record-batch.js';
import type { NamedColumn, RowBatch } from '../../src/columnar/record-batch.js';
import { type BatchPlace, RowGroupBatches } from '../../src/columnar/row-group.js';
import { tableOf } from '../../src/columnar/table.js';
import { decodeSpans } from '../../src/run/rows/decode-spans.js';
import { RowJoiner } from '../../src/run/rows/row-joiner.js';
import { bitsOf, cellsOf } from '../storage/parquet/columns.js';
import type { Cell } from '../storage/parquet/columns.js';
import { spansOf } from './spans.js';
import type { LoggedRow, Value } from './spans.js';

const row = (step: number | null, values: Readonly<Record<string, Value>>, timestamp = 0): LoggedRow => ({
  step,
  timestamp,
  values: new Map(Object.entries(values)),
});

/** The way of the calls from spans to record batches, one for each list, of one session. */
function placedBatchesOf(
  lists: readonly (readonly LoggedRow[])[],
  columns = new MetricColumns(),
): { readonly batch: RowBatch; readonly place: BatchPlace }[] {
  const joiner = new RowJoiner();
  return lists.map((rows) => {
    const spans = spansOf(rows);
    for (const span of spans) joiner.place(span);
    const { step, timestamp, metrics, place } = decodeSpans(spans);
    const named = metrics.map(({ metric, column }) => ({ ...column, name: columns.admit(metric, column) }));
    const batch = recordBatchOf([{ ...step, name: 'step' }, { ...timestamp, name: 'timestamp' }, ...named]);
    return { batch, place };
  });
}

const batchesOf = (lists: readonly (readonly LoggedRow[])[]): RowBatch[] =>
  placedBatchesOf(lists).map(({ batch }) => batch);

interface GroupReading {
  readonly fields: readonly ColumnField[];
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
}

/** The row group that the batches become. */
function groupOf(lists: readonly (readonly LoggedRow[])[], columns = new MetricColumns()): GroupReading {
  const group = new RowGroupBatches();
  for (const { batch, place } of placedBatchesOf(lists, columns)) group.add(batch, place);
  const { fields } = columns;
  const merged = [...group.columns(fields)];
  return { fields, cells: new Map(fields.map(({ name }, i) => [name, cellsOf(merged[i] ?? missing())])) };
}

function missing(): Column {
  throw new RangeError('a field without a column');
}

const column = ({ cells }: GroupReading, name: string): readonly Cell[] | undefined => cells.get(name);
const typesOf = ({ fields }: GroupReading): Record<string, ColumnType> =>
  Object.fromEntries(fields.slice(2).map(({ name, type }) => [name, type]));

describe('calls of the same step', () => {
  it('become one row, where the step came first, while they hold different metrics', () => {
    const group = groupOf([
      [row(1, { loss: 1n }, 10), row(2, { loss: 2n }, 20)],
      [row(1, { accuracy: 5n }, 30), row(3, { loss: 3n }, 40), row(2, { accuracy: 6n }, 50)],
    ]);
    expect(column(group, 'step')).toEqual([1n, 2n, 3n]);
    expect(column(group, 'timestamp')).toEqual([10n, 20n, 40n]);
    expect(column(group, 'loss')).toEqual([1n, 2n, 3n]);
    expect(column(group, 'accuracy')).toEqual([5n, 6n, null]);
  });

  it('never replace a value: one that is there begins a row, which later calls join', () => {
    const group = groupOf([
      [row(1, { a: 1n }), row(1, { b: 2n }), row(2, { a: 3n }), row(2, { b: 4n }), row(2, { a: 5n })],
      [row(2, { b: 6n })],
    ]);
    expect(column(group, 'step')).toEqual([1n, 2n, 2n]);
    expect(column(group, 'a')).toEqual([1n, 3n, 5n]);
    expect(column(group, 'b')).toEqual([2n, 4n, 6n]);
  });

  it('stay apart where there is no step', () => {
    const group = groupOf([
      [row(null, { a: 1n }), row(1, { a: 2n }), row(null, { b: 3n }), row(1, { b: 4n })],
    ]);
    expect(column(group, 'step')).toEqual([null, 1n, null]);
    expect(column(group, 'a')).toEqual([1n, 2n, null]);
    expect(column(group, 'b')).toEqual([null, 4n, 3n]);
  });

  it('are kept where a step comes late', () => {
    const group = groupOf([
      [row(5, { a: 1n }), row(9, { a: 2n }), row(3, { a: 3n }), row(9, { a: 4n }), row(4, { a: 5n })],
    ]);
    expect(column(group, 'step')).toEqual([5n, 9n, 3n, 9n, 4n]);
    expect(column(group, 'a')).toEqual([1n, 2n, 3n, 4n, 5n]);
  });

  it('keep -0 and every kind of value', () => {
    const group = groupOf([
      [row(1, { a: -0, b: false }), row(2, { a: 1 }), row(1, { c: 'é😀', d: 2n ** 63n - 1n })],
    ]);
    expect(column(group, 'a')).toEqual([bitsOf(-0), bitsOf(1)]);
    expect(column(group, 'b')).toEqual([false, null]);
    expect(column(group, 'c')).toEqual(['é😀', null]);
    expect(column(group, 'd')).toEqual([2n ** 63n - 1n, null]);
  });
});

describe('a metric that changes its type', () => {
  const TYPES_SEEN: readonly (readonly [string, readonly Value[], ColumnType, readonly Cell[]])[] = [
    ['from whole to broken numbers', [3n, 0.5], 'DOUBLE', [bitsOf(3), bitsOf(0.5)]],
    ['from broken to whole numbers', [NaN, 2n ** 53n - 1n], 'DOUBLE', [bitsOf(NaN), bitsOf(2 ** 53 - 1)]],
    ['to numbers a double does not hold', [0.5, 2n ** 53n], 'UTF8', ['0.5', '9007199254740992']],
    ['from numbers a double does not hold', [-(2n ** 63n), -0.1], 'UTF8', ['-9223372036854775808', '-0.1']],
    ['from numbers to text', [1, 1e21, 'x'], 'UTF8', ['1', '1e+21', 'x']],
    ['from integers over numbers to text', [7n, 0.5, 'x'], 'UTF8', ['7', '0.5', 'x']],
    ['from text to integers', ['', 7n], 'UTF8', ['', '7']],
    ['from truth values to numbers', [true, 0, false], 'UTF8', ['true', '0', 'false']],
    ['between numbers that are not finite and text', [NaN, Infinity, ''], 'UTF8', ['NaN', 'Infinity', '']],
  ];

  it.each(TYPES_SEEN)('%s loses no value, within a batch or over several', (_, values, type, cells) => {
    const rows = values.map((value, step) => row(step, { metric: value }));
    for (const lists of [[rows], rows.map((each) => [each])]) {
      const group = groupOf(lists);
      expect(typesOf(group)).toEqual({ metric: type });
      expect(column(group, 'metric')).toEqual(cells);
    }
  });
});

describe('a metric', () => {
  it('called as a column of ours, or as one that was renamed, gets a name that is free', () => {
    const columns = new MetricColumns();
    const group = groupOf([[row(1, { step: 1n, timestamp: 2n, step_: 3n, loss: 4n })]], columns);
    expect(group.fields.map(({ name }) => name)).toEqual([
      'step',
      'timestamp',
      'step_',
      'timestamp_',
      'step__',
      'loss',
    ]);
    expect(['step', 'step_', 'timestamp_', 'step__', 'loss'].map((name) => column(group, name)?.[0])).toEqual(
      [1n, 1n, 2n, 3n, 4n],
    );
    expect(columns.renamed).toEqual([
      { metric: 'step', name: 'step_' },
      { metric: 'timestamp', name: 'timestamp_' },
      { metric: 'step_', name: 'step__' },
    ]);
  });

  it.each(['__proto__', 'constructor', '', 'a.b/c d', '😀'])('may be called %j', (name) => {
    const group = groupOf([[{ step: 1, timestamp: 0, values: new Map([[name, 1n]]) }]]);
    expect(column(group, name)).toEqual([1n]);
  });

  it('keeps its column, type and exactness in a run that is continued', () => {
    const before = new MetricColumns();
    groupOf([[row(1, { step: 1n, big: 2n ** 60n, small: 1n })]], before);
    const after = new MetricColumns();
    after.restore(before.toPlain(), before.fields);
    expect(after.fields).toEqual(before.fields);
    groupOf([[row(2, { step: 2n, big: 0.5, small: 0.5, step_: 1n })]], after);
    expect(after.fields.slice(2)).toEqual([
      { name: 'step_', type: 'INT64' },
      { name: 'big', type: 'UTF8' },
      { name: 'small', type: 'DOUBLE' },
      { name: 'step__', type: 'INT64' },
    ]);
  });
});

const namedOf = (batch: RowBatch): NamedColumn[] =>
  fieldsOf(batch).map(({ name }, index) => ({ ...columnAt(batch, index), name }));

describe('a record batch', () => {
  it('has Arrow columns that give back what was logged, from its own buffers', () => {
    const [batch] = batchesOf([
      [row(1, { a: 0.5, b: 2n ** 63n - 1n, c: true, d: '😀' }, 1_700_000_000_123_456), row(null, { a: NaN })],
    ]);
    if (batch === undefined) throw new RangeError();
    // As the caller's Arrow has them, for the table a reader is given.
    const fields: readonly arrow.Field[] = tableOf([namedOf(batch)]).schema.fields;
    expect(fields.map(({ name, type }) => [name, type as unknown])).toStrictEqual([
      ['step', new arrow.Int64()],
      ['timestamp', new arrow.TimestampMicrosecond('UTC')],
      ['a', new arrow.Float64()],
      ['b', new arrow.Int64()],
      ['c', new arrow.Bool()],
      ['d', new arrow.Utf8()],
    ]);
    expect(fieldsOf(batch).map((_, i) => cellsOf(columnAt(batch, i)))).toEqual([
      [1n, null],
      [1_700_000_000_123_456n, 0n],
      [bitsOf(0.5), bitsOf(NaN)],
      [2n ** 63n - 1n, null],
      [true, null],
      ['😀', null],
    ]);
    const table = tableOf([namedOf(batch), namedOf(batch)]);
    expect(table.getChild('d')?.toArray()).toEqual(['😀', null, '😀', null]);
    expect(table.getChild('b')?.get(2)).toBe(2n ** 63n - 1n);
  });
});

describe('any rows', () => {
  const value: fc.Arbitrary<Value> = fc.oneof(
    { weight: 4, arbitrary: fc.double() },
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -9n, max: 9n }),
    fc.boolean(),
    fc.string({ unit: 'grapheme', maxLength: 5 }),
  );
  const metric = fc.constantFrom('loss', 'step', '__proto__', '', 'x');
  const step = fc.oneof(fc.constant(null), fc.nat(6), fc.constantFrom(2 ** 53 - 1, -1, -(2 ** 53) + 1));
  const anyRow = fc
    .tuple(step, fc.array(fc.tuple(metric, value), { maxLength: 3 }))
    .map(([at, entries]): LoggedRow => ({ step: at, timestamp: 0, values: new Map(entries) }));
  const lists = fc.array(fc.array(anyRow, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 });

  /** What has to come out, worked out row by row with plain maps. */
  function modelOf(rows: readonly LoggedRow[]): {
    steps: Cell[];
    metrics: Map<string, (Value | undefined)[]>;
  } {
    const merged: { step: number | null; values: Map<string, Value> }[] = [];
    for (const { step: at, values: logged } of rows) {
      let target = at === null ? undefined : merged.findLast((each) => each.step === at);
      if (target === undefined || [...logged.keys()].some((name) => target?.values.has(name)))
        merged.push((target = { step: at, values: new Map() }));
      for (const [name, each] of logged) target.values.set(name, each);
    }
    const names = new Set(rows.flatMap((each) => [...each.values.keys()]));
    return {
      steps: merged.map((each) => (each.step === null ? null : BigInt(each.step))),
      metrics: new Map([...names].map((name) => [name, merged.map((each) => each.values.get(name))])),
    };
  }

  function typeOf(logged: readonly Value[]): ColumnType {
    const kinds = new Set(logged.map((each) => typeof each));
    const [only] = kinds;
    if (kinds.size === 1)
      return only === 'number'
        ? 'DOUBLE'
        : only === 'bigint'
          ? 'INT64'
          : only === 'boolean'
            ? 'BOOLEAN'
            : 'UTF8';
    const isNumeric = !kinds.has('string') && !kinds.has('boolean');
    return isNumeric && logged.every((each) => typeof each !== 'bigint' || Number.isSafeInteger(Number(each)))
      ? 'DOUBLE'
      : 'UTF8';
  }

  function cellOf(type: ColumnType, each: Value | undefined): Cell {
    if (each === undefined) return null;
    if (type === 'UTF8') return typeof each === 'string' ? each : cellText(each);
    return type === 'DOUBLE' ? bitsOf(Number(each)) : (each as bigint | boolean);
  }

  it('come out as a plain reading of the rules has it', () => {
    fc.assert(
      fc.property(lists, (batches) => {
        const rows = batches.flat();
        const columns = new MetricColumns();
        const group = groupOf(batches, columns);
        const renamed = new Map(columns.renamed.map(({ metric: name, name: to }) => [name, to]));
        const { steps, metrics } = modelOf(rows);
        expect(column(group, 'step')).toEqual(steps);
        for (const [name, merged] of metrics) {
          const type = typeOf(
            rows.flatMap((each) => (each.values.has(name) ? [each.values.get(name) ?? 0] : [])),
          );
          const field = group.fields.find((each) => each.name === (renamed.get(name) ?? name));
          expect(field?.type).toBe(type);
          expect(column(group, field?.name ?? '')).toEqual(merged.map((each) => cellOf(type, each)));
        }
      }),
      { numRuns: 500 },
    );
  });
});

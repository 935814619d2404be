import fc from 'fast-check';
import type { Column, ColumnType } from '../../../src/columnar/column.js';

/** A value as a reader sees it: a double as the 64 bits it is, for NaN and -0 to stay what they are. */
export type Cell = boolean | bigint | string | null;

/** Builds a column from cells; null rows hold garbage, as they may. */
export function columnOf(type: ColumnType, cells: readonly Cell[]): Column {
  const length = cells.length;
  const nullCount = cells.filter((cell) => cell === null).length;
  const validity = nullCount === 0 ? null : bitmapOf(cells.map((cell) => cell !== null));
  const base = { length, nullCount, validity };
  switch (type) {
    case 'BOOLEAN':
      return { ...base, type, values: bitmapOf(cells.map((cell) => cell ?? true) as boolean[]) };
    case 'DOUBLE': {
      const values = new Float64Array(length);
      new BigInt64Array(values.buffer).set(cells.map((cell) => (cell ?? 0x7ff8dead_00000000n) as bigint));
      return { ...base, type, values };
    }
    case 'INT64':
    case 'TIMESTAMP':
      return { ...base, type, values: BigInt64Array.from(cells.map((cell) => (cell ?? -77n) as bigint)) };
    case 'UTF8': {
      const texts = cells.map((cell) => Buffer.from((cell ?? 'garbage') as string));
      const offsets = new Int32Array(length + 1);
      texts.forEach((text, i) => (offsets[i + 1] = (offsets[i] ?? 0) + text.length));
      return { ...base, type, offsets, values: new Uint8Array(Buffer.concat(texts)) };
    }
  }
}

/** A column of doubles without nulls. */
export function doublesOf(values: Iterable<number>): Column {
  const doubles = Float64Array.from(values);
  return { type: 'DOUBLE', length: doubles.length, nullCount: 0, validity: null, values: doubles };
}

/** A column of doubles where null means null. */
export function sparseDoublesOf(values: readonly (number | null)[]): Column {
  return columnOf(
    'DOUBLE',
    values.map((value) => (value === null ? null : bitsOf(value))),
  );
}

/** A column of integers or timestamps without nulls. */
export function integersOf(values: Iterable<number>, type: 'INT64' | 'TIMESTAMP' = 'INT64'): Column {
  const integers = BigInt64Array.from(values, BigInt);
  return { type, length: integers.length, nullCount: 0, validity: null, values: integers };
}

/** What a column holds, row by row. */
export function cellsOf(column: Column): Cell[] {
  const bits =
    column.type === 'DOUBLE' ? new BigInt64Array(column.values.buffer, column.values.byteOffset) : null;
  const text = Buffer.from(column.values.buffer, column.values.byteOffset, column.values.byteLength);
  return Array.from({ length: column.length }, (_, row): Cell => {
    if (column.validity !== null && !isSet(column.validity, row)) return null;
    switch (column.type) {
      case 'BOOLEAN':
        return isSet(column.values, row);
      case 'DOUBLE':
        return bits?.[row] ?? null;
      case 'INT64':
      case 'TIMESTAMP':
        return column.values[row] ?? null;
      case 'UTF8':
        return text.toString('utf8', column.offsets[row], column.offsets[row + 1]);
    }
  });
}

/** The bits of a double. */
export function bitsOf(value: number): bigint {
  return new BigInt64Array(Float64Array.of(value).buffer)[0] ?? 0n;
}

export function doubleOf(bits: bigint): number {
  return new Float64Array(BigInt64Array.of(bits).buffer)[0] ?? 0;
}

export function bitmapOf(bits: readonly boolean[]): Uint8Array {
  const bitmap = new Uint8Array((bits.length + 7) >> 3);
  bits.forEach((bit, i) => (bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (Number(bit) << (i & 7))));
  return bitmap;
}

export function isSet(bitmap: Uint8Array, i: number): boolean {
  return (((bitmap[i >> 3] ?? 0) >> (i & 7)) & 1) === 1;
}

/** Values in runs, of few kinds or of many: what makes encoders choose. */
function runsOf(value: fc.Arbitrary<Cell>, most = 400): fc.Arbitrary<Cell[]> {
  const run = fc.tuple(value, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })));
  const runs = fc.array(run, { maxLength: most / 4, size: 'max' });
  return runs.map((list) => list.flatMap(([cell, count]) => new Array<Cell>(count).fill(cell)));
}

const int64 = fc.oneof(
  fc.bigInt({ min: -5n, max: 5n }),
  fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 53n,
    -(2n ** 53n),
    2n ** 53n - 1n,
    1n - 2n ** 53n,
    2n ** 32n,
  ),
);

const VALUES: Readonly<Record<ColumnType, fc.Arbitrary<Cell>>> = {
  BOOLEAN: fc.boolean(),
  INT64: int64,
  TIMESTAMP: int64,
  // Any 64 bits are a double: NaNs of every kind, denormals, -0.
  DOUBLE: fc.oneof(
    fc.double().map(bitsOf),
    fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1, 2, 3).map(bitsOf),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ),
  UTF8: fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', 'a', 'b', 'train', '😀'),
    fc.string({ minLength: 30 }),
  ),
};

export const TYPES = Object.keys(VALUES) as ColumnType[];

/** Cells of a type, some, all or none of them null. */
export function anyCells(type: ColumnType): fc.Arbitrary<Cell[]> {
  const value = VALUES[type];
  return fc.oneof(
    runsOf(value),
    runsOf(fc.option(value)),
    runsOf(fc.option(value, { freq: 1 })),
    runsOf(fc.constant(null)),
  );
}

/** Any column. */
export const anyColumn: fc.Arbitrary<Column> = fc
  .constantFrom(...TYPES)
  .chain((type) => anyCells(type).map((cells) => columnOf(type, cells)));

/** A generator of numbers in [0, 1) that gives the same ones every time. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    const high = (t ^ (t >>> 14)) >>> 0;
    return (high + (Math.imul(t, 0x2545f491) >>> 0) / 2 ** 32) / 2 ** 32;
  };
}

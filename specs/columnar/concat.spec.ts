import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../src/columnar/column.js';
import { concatColumns } from '../../src/columnar/concat.js';
import type { Piece } from '../../src/columnar/concat.js';
import { doubleAt, halvesOf, int64FromDoubles, isSafeAt } from '../../src/columnar/int64.js';
import { mergeColumn, mergeOf } from '../../src/columnar/merge-rows.js';
import { anyCells, cellsOf, columnOf, doublesOf, TYPES } from '../storage/parquet/columns.js';
import type { Cell } from '../storage/parquet/columns.js';

const cellsOfPiece = (piece: Piece): Cell[] =>
  piece.type === null ? new Array<Cell>(piece.length).fill(null) : cellsOf(piece);

/** The rows from `from` on, as views into the same buffers where Arrow has such views. */
function from(column: Column, rows: number): Column {
  if (column.type !== 'UTF8') return column;
  const skipped = Math.min(rows, column.length);
  const tail = columnOf('UTF8', cellsOf(column).slice(skipped));
  if (tail.type !== 'UTF8') return tail;
  return { ...tail, offsets: column.offsets.subarray(skipped), values: column.values };
}

describe('columns behind each other', () => {
  it('give the rows of each in turn, every bit of them, and none where a piece has none', () => {
    const pieces = fc.constantFrom(...TYPES).chain((type) => {
      const column = fc
        .tuple(anyCells(type), fc.nat(3))
        .map(([cells, skipped]) => from(columnOf(type, cells.slice(0, 70)), skipped));
      const none = fc.nat(20).map((length): Piece => ({ type: null, length }));
      return fc.tuple(fc.constant(type), fc.array(fc.oneof(column, column, none), { maxLength: 5 }));
    });
    fc.assert(
      fc.property(pieces, ([type, list]) => {
        const column = concatColumns(type, list);
        expect(cellsOf(column)).toEqual(list.flatMap(cellsOfPiece));
        expect(column.nullCount).toBe(list.flatMap(cellsOfPiece).filter((cell) => cell === null).length);
      }),
      { numRuns: 500 },
    );
  });

  it('take nothing from the bits behind the last row, which Arrow leaves undefined', () => {
    const values = Uint8Array.of(0xff);
    const piece: Column = { type: 'BOOLEAN', length: 2, nullCount: 1, validity: Uint8Array.of(0xfd), values };
    const none: Column = {
      type: 'BOOLEAN',
      length: 5,
      nullCount: 5,
      validity: new Uint8Array(1),
      values: new Uint8Array(1),
    };
    expect(cellsOf(concatColumns('BOOLEAN', [piece, none]))).toEqual([
      true,
      ...new Array<Cell>(6).fill(null),
    ]);
  });

  it('have to be of one type', () => {
    expect(() => concatColumns('INT64', [doublesOf([1])])).toThrow(TypeError);
  });
});

describe('a merged column', () => {
  it('keeps every bit of the values it keeps', () => {
    const nan = 0x7ff4dead_beef0001n;
    const column = columnOf('DOUBLE', [nan, null, -1n, null]);
    const merged = mergeColumn(column, mergeOf(Int32Array.of(0, 1, 1, 0), 2));
    expect(cellsOf(merged)).toEqual([nan, -1n]);
  });
});

describe('an int64 in two halves', () => {
  it('is the double it came from, and known to be one or not', () => {
    const int64 = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -(2n ** 53n) - 2n, max: -(2n ** 53n) + 2n }),
      fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }),
      fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
    );
    fc.assert(
      fc.property(int64, (value) => {
        const halves = halvesOf(BigInt64Array.of(value));
        expect(isSafeAt(halves, 0)).toBe(Number.isSafeInteger(Number(value)));
        if (!isSafeAt(halves, 0)) return;
        expect(doubleAt(halves, 0)).toBe(Number(value));
        expect(int64FromDoubles(Float64Array.of(Number(value)))[0]).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });
});

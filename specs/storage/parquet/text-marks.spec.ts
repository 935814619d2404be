import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitmapBytes, setBit } from '../../../src/columnar/bitmap.js';
import type { TextColumn } from '../../../src/columnar/column.js';
import { valueAt } from '../../../src/columnar/column-values.js';
import type { MetricValue } from '../../../src/model/metric.js';
import { type PlacedChunk, decodeChunk, encodeChunk } from '../../../src/storage/parquet/index.js';
import { columnOf } from './columns.js';

/** A column that became text, of values as they were logged. */
function mixed(values: readonly (MetricValue | null)[]): TextColumn {
  const column = columnOf(
    'UTF8',
    values.map((value) => (value === null ? null : String(value))),
  ) as TextColumn;
  const numeric = new Uint8Array(bitmapBytes(values.length));
  values.forEach((value, row) => {
    if (value !== null && typeof value !== 'string') setBit(numeric, row);
  });
  return { ...column, numeric };
}

const encoded = (column: TextColumn): { readonly bytes: Uint8Array; readonly chunk: PlacedChunk } => {
  const { bytes, facts } = encodeChunk(column, { delta: false, compression: 'auto' });
  return { bytes, chunk: { ...facts, offset: 4 } };
};
const marksOf = (values: readonly (MetricValue | null)[]): string | undefined =>
  encoded(mixed(values)).chunk.marks;
function readBack(column: TextColumn): (MetricValue | null)[] {
  const { bytes, chunk } = encoded(column);
  const read = decodeChunk(bytes, chunk);
  return Array.from({ length: read.length }, (_, row) => valueAt(read, row));
}

describe('a column that became text', () => {
  it('comes back as what was logged, whatever its texts look like', () => {
    const value = fc.oneof(
      // -0 has the text of 0; digits of a double beyond 2^53 may be those of a bigint.
      fc.double().map((double) => (double === 0 || Math.abs(double) > 2 ** 53 ? 0 : double)),
      fc.constantFrom(2 ** 53, 1e20, 1e21, -1e300),
      fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }).filter((big) => BigInt(Number(big)) !== big),
      fc.boolean(),
      fc.constantFrom('1', '01', '1.0', 'NaN', 'nan', 'true', 'Infinity', '1e+21', '-0', '', '9'.repeat(40)),
      fc.double().map(String),
      fc.string(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 300 }), (values) => {
        expect(readBack(mixed(values))).toEqual(values);
      }),
      { numRuns: 300 },
    );
  });

  it('has marks only where a text could be taken for a number', () => {
    expect(marksOf([1, 'n/a', null, true, 'nan', ''])).toBeUndefined();
    expect(marksOf([1, 2, 'x', '3', 4])).toBe('2,1,1');
    expect(marksOf(['7', 'y', 'true'])).toBe('0,2');
  });

  it('has marks of a sixth of a byte a cell at the most', () => {
    const values = Array.from({ length: 60_000 }, (_, at) => (at % 2 === 0 ? at : String(at)));
    expect(marksOf(values)?.length).toBeLessThan(60_000 / 6 + 10);
    expect(readBack(mixed(values))).toEqual(values);
  });

  it('that an earlier version wrote holds a number in each cell that reads as one', () => {
    const { bytes, chunk } = encoded(mixed([1, 'x', '2', 'true', '2.0']));
    const { marks, ...unmarked } = chunk;
    expect(marks).toBeDefined();
    const read = decodeChunk(bytes, unmarked);
    expect(Array.from({ length: 5 }, (_, row) => valueAt(read, row))).toEqual([1, 'x', 2, true, '2.0']);
  });

  it.each(['1', '2,1', 'bits:', 'x', '3,-1', '1e999,2'])(
    'is corrupt with marks that do not fit: %s',
    (marks) => {
      const { bytes, chunk } = encoded(mixed([1, '2', '3', 4, '5', 6, 7, 8, 9, '10']));
      expect(() => decodeChunk(bytes, { ...chunk, marks })).toThrow(
        expect.objectContaining({ code: 'CORRUPT' }),
      );
    },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../src/columnar/column.js';
import { decodeChunk, encodeChunk, encodeNullChunk } from '../../../src/storage/parquet/index.js';
import type { EncodedChunk } from '../../../src/storage/parquet/index.js';
import {
  anyColumn,
  bitmapOf,
  bitsOf,
  cellsOf,
  columnOf,
  doublesOf,
  integersOf,
  randomOf,
  sparseDoublesOf,
  TYPES,
} from './columns.js';

const decoded = ({ bytes, facts }: EncodedChunk): Column => decodeChunk(bytes, { ...facts, offset: 4 });
const plainDouble = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);
const plainInteger = (value: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(value).buffer);

const COMPRESSIONS = ['auto', 'none', 'snappy'] as const;

describe('a chunk', () => {
  it('gives back every bit of any column', () => {
    fc.assert(
      fc.property(anyColumn, fc.boolean(), fc.constantFrom(...COMPRESSIONS), (column, delta, compression) => {
        const chunk = encodeChunk(column, { delta, compression });
        const back = decoded(chunk);
        expect(cellsOf(back)).toEqual(cellsOf(column));
        expect([back.type, back.length, back.nullCount]).toEqual([
          column.type,
          column.length,
          column.nullCount,
        ]);
        expect(chunk.facts).toMatchObject({
          rows: column.length,
          nullCount: column.nullCount,
          length: chunk.bytes.length,
        });
      }),
      { numRuns: 500 },
    );
  });

  it.each(TYPES)('of %s in several pages gives back every bit, with and without nulls', (type) => {
    const random = randomOf(4);
    for (const nulls of [0, 0.3]) {
      const cells = Array.from({ length: 140_003 }, (_, i) => {
        if (random() < nulls) return null;
        if (type === 'BOOLEAN') return random() < 0.5;
        if (type === 'UTF8') return `${String(random())} of row ${String(i)}`;
        return type === 'DOUBLE' ? bitsOf(random()) : BigInt(Math.floor(random() * 2 ** 53));
      });
      const column = columnOf(type, cells);
      for (const delta of [false, true])
        expect(cellsOf(decoded(encodeChunk(column, { delta, compression: 'none' })))).toEqual(cells);
    }
  });

  it('of strings gives back the empty one, emoji and one of a megabyte', () => {
    const cells = ['', '👩‍👩‍👧‍👦', 'x'.repeat(1 << 20), null, '', 'é'];
    for (const compression of COMPRESSIONS)
      expect(cellsOf(decoded(encodeChunk(columnOf('UTF8', cells), { delta: false, compression })))).toEqual(
        cells,
      );
  });

  it('does not mind buffers that are views into larger ones, nor bits behind the last row', () => {
    const values = new Float64Array([9, 1, 2, 3, 9]).subarray(1, 4);
    const validity = new Uint8Array([0, 0b11111101]).subarray(1);
    const column: Column = { type: 'DOUBLE', length: 3, nullCount: 1, validity, values };
    expect(cellsOf(decoded(encodeChunk(column, { delta: false, compression: 'none' })))).toEqual([
      bitsOf(1),
      null,
      bitsOf(3),
    ]);
    const flags: Column = {
      type: 'BOOLEAN',
      length: 3,
      nullCount: 0,
      validity: null,
      values: new Uint8Array([0xfd]),
    };
    const chunk = encodeChunk(flags, { delta: false, compression: 'none' });
    expect(chunk.bytes.at(-1)).toBe(0b101);
  });

  it('without a single value takes a few bytes whatever its rows and type', () => {
    for (const type of TYPES) {
      const chunk = encodeNullChunk(type, 1 << 24);
      expect(chunk.bytes.length).toBeLessThan(50);
      expect(chunk.facts).toMatchObject({ rows: 1 << 24, nullCount: 1 << 24, min: null, max: null });
      expect(encodeChunk(columnOf(type, [null, null]), { delta: true, compression: 'auto' })).toEqual(
        encodeNullChunk(type, 2),
      );
    }
  });

  it('holds random doubles as they are, with 40 bytes around them', () => {
    const { bytes, facts } = encodeChunk(doublesOf(Array.from({ length: 131_072 }, randomOf(5))), {
      delta: false,
      compression: 'auto',
    });
    expect(facts.encodings).toEqual(['PLAIN', 'RLE']);
    expect(facts.codec).toBe('UNCOMPRESSED');
    expect(bytes.length).toBeLessThan(131_072 * 8 + 40);
  });

  it('holds few values as a dictionary, long runs of them in next to nothing', () => {
    const few = encodeChunk(doublesOf(Array.from({ length: 10_000 }, (_, i) => i % 3)), {
      delta: false,
      compression: 'none',
    });
    expect(few.facts.encodings).toEqual(['PLAIN', 'RLE_DICTIONARY', 'RLE']);
    expect(few.bytes.length).toBeLessThan(10_000 / 4 + 120);
    const epochs = encodeChunk(doublesOf(Array.from({ length: 100_000 }, (_, i) => Math.floor(i / 10_000))), {
      delta: false,
      compression: 'none',
    });
    expect(epochs.bytes.length).toBeLessThan(250);
  });

  it('holds a counter by its differences', () => {
    const chunk = encodeChunk(integersOf(Array.from({ length: 131_072 }, (_, i) => i)), {
      delta: true,
      compression: 'none',
    });
    expect(chunk.facts.encodings).toEqual(['DELTA_BINARY_PACKED', 'RLE']);
    expect(chunk.bytes.length).toBeLessThan(131_072 / 20);
  });

  it('of doubles has no differences, not even of doubles whose bits are small', () => {
    const { facts } = encodeChunk(doublesOf(new Array<number>(1000).fill(0)), {
      delta: true,
      compression: 'none',
    });
    expect(facts.encodings).not.toContain('DELTA_BINARY_PACKED');
  });

  it('is compressed where snappy is asked for, whatever it saves', () => {
    const random = randomOf(8);
    const noise = doublesOf(Array.from({ length: 5000 }, () => random()));
    expect(encodeChunk(noise, { delta: false, compression: 'auto' }).facts.codec).toBe('UNCOMPRESSED');
    const chunk = encodeChunk(noise, { delta: false, compression: 'snappy' });
    expect(chunk.facts.codec).toBe('SNAPPY');
    expect(cellsOf(decoded(chunk))).toEqual(cellsOf(noise));
  });

  it('is compressed only where asked for and where that saves a tenth', () => {
    const whole = doublesOf(Array.from({ length: 20_000 }, (_, i) => i));
    expect(encodeChunk(whole, { delta: false, compression: 'none' }).facts.codec).toBe('UNCOMPRESSED');
    const { bytes, facts } = encodeChunk(whole, { delta: false, compression: 'auto' });
    expect(facts.codec).toBe('SNAPPY');
    expect(bytes.length).toBeLessThan(facts.uncompressedLength * 0.9);
    expect(facts.uncompressedLength).toBeGreaterThan(160_000);
  });

  it('refuses more rows than a group may hold', () => {
    expect(() => encodeNullChunk('DOUBLE', (1 << 24) + 1)).toThrow(RangeError);
  });
});

describe('the bounds of a chunk', () => {
  const boundsOf = (column: Column, delta = false) => {
    const { min, max } = encodeChunk(column, { delta, compression: 'none' }).facts;
    return { min, max };
  };
  const none = { min: null, max: null };

  it('of doubles are the least and the greatest of its values', () => {
    expect(boundsOf(doublesOf([3, -1, 2]))).toEqual({ min: plainDouble(-1), max: plainDouble(3) });
    expect(boundsOf(doublesOf([-Infinity, Infinity]))).toEqual({
      min: plainDouble(-Infinity),
      max: plainDouble(Infinity),
    });
    expect(boundsOf(sparseDoublesOf([null, 5, null]))).toEqual({ min: plainDouble(5), max: plainDouble(5) });
  });

  it('are left out where a value is NaN', () => {
    expect(boundsOf(doublesOf([1, NaN, 2]))).toEqual(none);
    expect(boundsOf(doublesOf([NaN]))).toEqual(none);
  });

  it('take in both zeros', () => {
    expect(boundsOf(doublesOf([0, 0]))).toEqual({ min: plainDouble(-0), max: plainDouble(0) });
    expect(boundsOf(doublesOf([-0]))).toEqual({ min: plainDouble(-0), max: plainDouble(0) });
  });

  it('of integers are exact, however they are encoded', () => {
    const int64 = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -9n, max: 9n }),
      fc.bigInt({ min: 2n ** 31n - 2n, max: 2n ** 31n + 2n }),
    );
    fc.assert(
      fc.property(fc.array(int64, { minLength: 1 }), fc.boolean(), fc.boolean(), (values, delta, sort) => {
        const cells = sort ? [...values].sort((a, b) => (a < b ? -1 : 1)) : values;
        const least = values.reduce((a, b) => (a < b ? a : b));
        const greatest = values.reduce((a, b) => (a > b ? a : b));
        const bounds = boundsOf(columnOf('INT64', cells), delta);
        expect(bounds).toEqual({ min: plainInteger(least), max: plainInteger(greatest) });
      }),
    );
  });

  it('of integers are exact where they are encoded as differences that go up and down', () => {
    const values = Array.from({ length: 500 }, (_, i) => (i === 130 ? -7 : i === 270 ? 9999 : i));
    const { facts } = encodeChunk(integersOf(values), { delta: true, compression: 'none' });
    expect(facts.encodings).toContain('DELTA_BINARY_PACKED');
    expect([facts.min, facts.max]).toEqual([plainInteger(-7n), plainInteger(9999n)]);
  });

  it('of booleans say whether either is there', () => {
    const bounds = (values: boolean[]) => boundsOf(columnOf('BOOLEAN', values));
    expect(bounds([true, true])).toEqual({ min: Uint8Array.of(1), max: Uint8Array.of(1) });
    expect(bounds(new Array<boolean>(16).fill(true))).toEqual({
      min: Uint8Array.of(1),
      max: Uint8Array.of(1),
    });
    expect(bounds([false])).toEqual({ min: Uint8Array.of(0), max: Uint8Array.of(0) });
    expect(bounds([true, false])).toEqual({ min: Uint8Array.of(0), max: Uint8Array.of(1) });
  });

  it('of strings follow the bytes, and are left out where one is longer than 64', () => {
    const bounds = (values: string[]) => boundsOf(columnOf('UTF8', values));
    expect(bounds(['b', 'a', 'ab', '😀', 'é'])).toEqual({ min: utf8('a'), max: utf8('😀') });
    expect(bounds(['', 'x'])).toEqual({ min: utf8(''), max: utf8('x') });
    expect(bounds(['a', 'z'.repeat(65)])).toEqual(none);
  });

  const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
});

describe('validity', () => {
  it('is left out where every row has a value', () => {
    const column: Column = {
      type: 'DOUBLE',
      length: 2,
      nullCount: 0,
      validity: bitmapOf([true, true]),
      values: new Float64Array(2),
    };
    expect(decoded(encodeChunk(column, { delta: false, compression: 'none' })).validity).toBeNull();
  });
});

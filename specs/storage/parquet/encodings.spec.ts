import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteCursor } from '../../../src/storage/parquet/byte-cursor.js';
import { decodeDelta, encodeDelta } from '../../../src/storage/parquet/delta.js';
import { findDictionary } from '../../../src/storage/parquet/dictionary.js';
import { decodeIndices, encodeIndices, indexWidth } from '../../../src/storage/parquet/hybrid.js';
import { decodeLevels, encodeLevels } from '../../../src/storage/parquet/levels.js';
import { bitmapOf, bitsOf, columnOf, randomOf } from './columns.js';
import { toDense } from '../../../src/storage/parquet/dense.js';

const words = (values: readonly bigint[]): Int32Array => new Int32Array(BigInt64Array.from(values).buffer);

describe('delta encoding', () => {
  const step = fc.oneof(
    fc.constant(1n),
    fc.bigInt({ min: -3n, max: 300n }),
    fc.bigInt({ min: -(2n ** 31n), max: 2n ** 32n }),
    fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n }),
  );
  const start = fc.oneof(
    fc.constant(0n),
    fc.bigInt({ min: 2n ** 32n - 200n, max: 2n ** 32n }),
    fc.bigInt({ min: -(2n ** 52n), max: 2n ** 52n }),
  );
  const walk = fc
    .tuple(start, fc.array(fc.array(step, { maxLength: 140, size: 'max' }), { maxLength: 4 }), step)
    .map(([from, stretches, stride]) => {
      let value = from;
      // Stretches of any steps and of equal ones, over several blocks.
      return [
        from,
        ...stretches.flat().map((by) => (value += by)),
        ...Array.from({ length: 140 }, () => (value += stride)),
      ];
    });

  it('gives every integer back, or declines', () => {
    fc.assert(
      fc.property(walk, fc.nat(3), (values, from) => {
        const encoded = encodeDelta(words(values), from, values.length);
        const isExact = values.slice(from).every((value) => value > -(2n ** 53n) && value < 2n ** 53n);
        if (!isExact) expect(encoded).toBeNull();
        if (encoded === null) return;
        const decoded = decodeDelta(new ByteCursor(encoded.bytes), values.length - from);
        expect([...new BigInt64Array(decoded.buffer)]).toEqual(values.slice(from));
      }),
      { numRuns: 300 },
    );
  });

  it('takes under 6 bytes a block for a plain counter', () => {
    const values = Array.from({ length: 12_801 }, (_, i) => BigInt(i));
    expect(encodeDelta(words(values), 0, values.length)?.bytes.length).toBeLessThan(100 * 6 + 10);
  });

  it.each([
    ['crosses 2^32 with the smallest steps', [2n ** 32n - 1n, 2n ** 32n, 2n ** 32n - 1n]],
    ['steps by just under 2^31 and back', [0n, 2n ** 31n - 1n, 0n, -(2n ** 31n), 0n]],
    ['steps by just over 2^31', [0n, 2n ** 31n, 0n, -(2n ** 31n) - 1n]],
    ['steps by more than 2^31 up and down below 2^32', [0n, 2n ** 32n - 1n, 0n, 2n ** 31n, 2n ** 32n - 1n]],
    [
      'goes from one end of the safe integers to the other',
      [2n ** 32n - 2n ** 53n, -(2n ** 52n), -1n, 2n ** 52n - 2n, 2n ** 53n - 3n, 2n ** 53n - 1n],
    ],
  ])('is exact where a column %s', (_, some) => {
    const values = [...some, ...new Array<bigint>(100).fill(some.at(-1) ?? 0n)];
    const encoded = encodeDelta(words(values), 0, values.length);
    const decoded = decodeDelta(new ByteCursor(encoded?.bytes ?? new Uint8Array()), values.length);
    expect([...new BigInt64Array(decoded.buffer)]).toEqual(values);
  });

  it('gives the same bytes whatever was encoded before', () => {
    const values = words([1n, 5n, 6n, 7n, 100n, 101n, 102n, 103n, 104n]);
    const before = encodeDelta(values, 0, 9)?.bytes;
    encodeDelta(words(Array.from({ length: 200 }, (_, i) => BigInt((i * 7919) % 1000))), 0, 200);
    expect(encodeDelta(values, 0, 9)?.bytes).toEqual(before);
  });

  it('declines random integers, which it would make no smaller', () => {
    const random = randomOf(1);
    const values = Array.from({ length: 1000 }, () => BigInt(Math.floor(random() * 2 ** 53)) - 2n ** 52n);
    const encoded = encodeDelta(words(values), 0, values.length);
    expect(encoded === null || encoded.bytes.length < 8000).toBe(true);
  });
});

describe('definition levels', () => {
  const runs = fc.array(
    fc.tuple(fc.boolean(), fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 300 }))),
    {
      minLength: 1,
      maxLength: 40,
    },
  );
  const bits = runs.map((list) => list.flatMap(([bit, length]) => new Array<boolean>(length).fill(bit)));

  it('come back for any runs of rows with and without a value', () => {
    fc.assert(
      fc.property(bits, fc.nat(20), fc.nat(12), (rows, skip, shift) => {
        const from = Math.min(skip, rows.length >> 3) * 8;
        const encoded = encodeLevels(bitmapOf(rows), from, rows.length);
        const out = new Uint8Array(((rows.length + shift + 7) >> 3) + 1);
        const ones = decodeLevels(new ByteCursor(encoded), out, shift, rows.length - from);
        const expected = rows.slice(from);
        expect(ones).toBe(expected.filter(Boolean).length);
        expect(out).toEqual(
          Uint8Array.from(
            [
              ...bitmapOf([...new Array<boolean>(shift).fill(false), ...expected]),
              ...new Uint8Array(out.length),
            ].slice(0, out.length),
          ),
        );
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a run of none', [2, 0, 0, 0, 0, 1]],
    ['a run beyond the rows', [2, 0, 0, 0, 22, 1]],
    ['packed levels beyond the rows', [3, 0, 0, 0, 5, 255, 255]],
    ['a level above 1', [2, 0, 0, 0, 20, 2]],
    ['too few levels', [2, 0, 0, 0, 2, 1]],
  ])('are refused with %s', (_, bytes) => {
    expect(() =>
      decodeLevels(new ByteCursor(Uint8Array.from(bytes)), new Uint8Array(8), 0, bytes[4] === 5 ? 8 : 10),
    ).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });

  it('take a few bytes where all rows have a value', () => {
    expect(encodeLevels(null, 0, 131_072).length).toBeLessThanOrEqual(8);
  });

  it('take no more than 2 bits a row at their worst', () => {
    const rows = Array.from({ length: 8000 }, (_, i) => (i >> 3) % 2 === 0 || i % 2 === 0);
    expect(encodeLevels(bitmapOf(rows), 0, rows.length).length).toBeLessThan(2020);
  });
});

describe('dictionary indices', () => {
  it('come back for any runs and any width', () => {
    const index = fc.oneof(fc.nat(1), fc.nat(300), fc.nat(2 ** 24 - 1));
    const run = fc.tuple(index, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 30 })));
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 200, size: 'max' }), fc.nat(10), (list, skip) => {
        const indices = Int32Array.from(
          list.flatMap(([value, length]) => new Array<number>(length).fill(value)),
        );
        const from = Math.min(skip, indices.length);
        const size = Math.max(...indices) + 1;
        const encoded = encodeIndices(indices, from, indices.length, indexWidth(size));
        expect(decodeIndices(new ByteCursor(encoded), indices.length - from, size)).toEqual(
          indices.subarray(from),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('take a few bytes for one run however long', () => {
    expect(encodeIndices(new Int32Array(131_072), 0, 131_072, 1).length).toBeLessThanOrEqual(5);
  });
});

describe('a dictionary', () => {
  const doubles = (values: readonly number[]) => toDense(columnOf('DOUBLE', values.map(bitsOf)));

  it('keeps apart 0 and -0, and NaNs of different bits', () => {
    const cells = [0n, bitsOf(-0), 0x7ff8000000000000n, 0x7ff8000000000001n];
    const dictionary = findDictionary(toDense(columnOf('DOUBLE', [...cells, ...cells, ...cells])));
    expect(dictionary?.entries.count).toBe(4);
    expect([...(dictionary?.indices ?? [])]).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it('is not made for random doubles', () => {
    const random = randomOf(2);
    expect(findDictionary(doubles(Array.from({ length: 20_000 }, random)))).toBeNull();
  });

  it.each([
    [
      'of 90,000 distinct ones drawn at random',
      (_: number, random: () => number) => Math.floor(random() * 90_000) / 7,
    ],
    ['each twice in a row', (i: number) => (i >> 1) / 7],
    ['each again 65,536 rows later', (i: number) => (i & 65_535) / 7],
    ['each again 20,011 rows later', (i: number) => (i % 20_011) / 7],
    ['that rise every thousand rows', (i: number) => Math.floor(i / 1000)],
  ])('is found among 131,072 values %s', (_, value) => {
    const random = randomOf(3);
    const values = Array.from({ length: 131_072 }, (_, i) => value(i, random));
    const dictionary = findDictionary(doubles(values));
    expect(dictionary?.entries.count).toBe(new Set(values).size);
  });

  it('gives back every value, of thousands that differ in one of their words only', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => BigInt(i % 4999) << (i % 2 === 0 ? 0n : 32n));
    const dictionary = findDictionary(toDense(columnOf('INT64', values)));
    if (dictionary?.entries.kind !== 'words') throw new TypeError('no dictionary of words');
    const entries = new BigInt64Array(dictionary.entries.words.slice().buffer);
    expect([...dictionary.indices].map((index) => entries[index])).toEqual(values);
  });

  it('of strings knows equal ones wherever they lie', () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `class ${String(i % 700)}`);
    const dictionary = findDictionary(toDense(columnOf('UTF8', texts)));
    expect(dictionary?.entries.count).toBe(700);
    expect([...(dictionary?.indices ?? [])]).toEqual(texts.map((_, i) => i % 700));
  });
});

import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uncompressSnappy } from '../../../src/storage/parquet/snappy.js';

const { compress } = createRequire(import.meta.url)('snappyjs') as {
  readonly compress: (bytes: Uint8Array) => Uint8Array;
};
const corrupt = expect.objectContaining({ code: 'CORRUPT' }) as Error;

/** Bytes that repeat themselves, near and far. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 90 }), fc.integer({ min: 1, max: 40 })), {
    maxLength: 20,
  })
  .map((list) =>
    Uint8Array.from(list.flatMap(([bytes, times]) => Array.from({ length: times }, () => [...bytes]).flat())),
  );

describe('a Snappy block', () => {
  it('gives back what was compressed', () => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 5000 })), (bytes) => {
        expect(uncompressSnappy(new Uint8Array(compress(bytes)), bytes.length)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it('gives back what takes every form of a literal and of a copy', () => {
    const long = new Array<number>(300).fill(7);
    const block = [
      ...[0xc4, 0x02], // 324 bytes in all
      ...[61 << 2, 299 & 255, 299 >> 8, ...long],
      ...[2 << 2, 1, 2, 3],
      ...[1 | (1 << 2) | (1 << 5), 47], // 5 bytes from 303 back
      ...[2 | (7 << 2), 3, 0], // 8 bytes from 3 back
      ...[3 | (3 << 2), 1, 0, 0, 0], // 4 bytes from 1 back
      ...[60 << 2, 3, 9, 9, 9, 9],
    ];
    const expected = [...long, 1, 2, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 9, 9, 9, 9];
    expect([...uncompressSnappy(Uint8Array.from(block), 324)]).toEqual(expected);
  });

  it.each([
    ['a literal of a length that is negative as a signed integer', [4, 0xfc, 0xfa, 0xff, 0xff, 0xff]],
    ['a copy from before the start', [8, 0, 65, 1 | (3 << 2), 2]],
    ['a copy from where it goes to', [8, 0, 65, 1 | (3 << 2), 0]],
    ['a literal beyond the bytes', [4, 3 << 2, 1]],
    ['more than its size', [1, 1 << 2, 1, 1]],
    ['less than its size', [9, 1 << 2, 1, 1]],
    ['an offset that is cut off', [7, 2 << 2, 1, 1, 1, 2 | (3 << 2), 1]],
    ['nothing', []],
  ])('of %s is corrupt', (_, block) => {
    expect(() => uncompressSnappy(Uint8Array.from(block), block[0] ?? 5)).toThrow(corrupt);
  });

  it('of any bytes is corrupt, or of the size that was asked for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(127), (bytes, size) => {
        const block = Uint8Array.of(size, ...bytes);
        try {
          expect(uncompressSnappy(block, size).length).toBe(size);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT' });
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('cannot claim more than Snappy expands to', () => {
    expect(() => uncompressSnappy(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 4), 1 << 30)).toThrow(corrupt);
  });
});

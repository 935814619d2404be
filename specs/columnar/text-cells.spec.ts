import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextBuilder } from '../../src/columnar/column-builder.js';
import { cellAt, cellTextOf } from '../../src/columnar/text-cells.js';

/** What comes back of a value that was written to a column of texts. */
function backOf(value: number | bigint | boolean): unknown {
  const builder = new TextBuilder(1);
  builder.setNumeric(0, value);
  return cellAt(builder.finish(), 0);
}

/** What a column of texts gives for a cell that says this text and is marked as a number. */
function readAs(text: string): unknown {
  const builder = new TextBuilder(1);
  builder.setNumeric(0, 0);
  builder.set(0, Buffer.from(text));
  return cellAt(builder.finish(), 0);
}

describe('a number in a column of texts', () => {
  it('comes back as the double it was', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double(),
          fc.integer(),
          fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(Number),
          fc.constantFrom(-0, 2 ** 53, 2 ** 60, -(2 ** 63), 1e21, 1e-7, NaN, Infinity, -Infinity),
        ),
        (value) => {
          expect(backOf(value)).toBe(value);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('has no exponent while it is below 2^53', () => {
    expect([2 ** 53 - 1, -(2 ** 53) + 1, 0.1, 1e-7].map(cellTextOf)).toEqual([
      ...['9007199254740991', '-9007199254740991', '0.1', '1e-7'],
    ]);
    expect(cellTextOf(2 ** 60)).toBe('1.152921504606847e+18');
  });

  it('comes back with the value it had as a bigint', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const back = backOf(value);
        expect(typeof back === 'number' ? BigInt(back) : back).toBe(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read as before where an older version wrote it', () => {
    expect(['100000000000000000000', '9007199254740992', '1152921504606847000'].map(readAs)).toEqual([
      ...[1e20, 2 ** 53, 1152921504606847000n],
    ]);
    expect(['007', '1.50', '1e5', '-00'].map(readAs)).toEqual(['007', '1.50', '1e5', '-00']);
  });

  it('stays a boolean', () => {
    expect([backOf(true), backOf(false)]).toEqual([true, false]);
  });
});

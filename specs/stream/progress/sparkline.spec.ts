import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sparkline } from 'expman-rx/progress';

describe('a sparkline', () => {
  it.each([
    [[1, 2, 4, 8], 4, '▁▂▄█'],
    [[3, 3, 3], 3, '▁▁▁'],
    [[0, NaN, 1, Infinity], 4, '▁ █ '],
    [[], 4, ''],
    [[0, 0, 10, 10], 2, '▁█'],
  ])('of %j in %i cells is %j', (values, width, text) => {
    expect(sparkline(values, width)).toBe(text);
  });

  it('has as many cells as values, or as are asked for, whatever the values', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), fc.integer({ min: 1, max: 40 }), (values, width) => {
        expect(sparkline(values, width)).toHaveLength(Math.min(values.length, width));
      }),
    );
  });
});

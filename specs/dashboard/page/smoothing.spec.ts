import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smoothed } from '../../../src/dashboard/page/curves/smoothing.js';

describe('smoothing', () => {
  it('is the debiased average of TensorBoard', () => {
    // By hand: 0.4 * 1 / 0.4, then (0.6 * 0.4 + 0.4 * 2) / 0.64, then (0.6 * 1.04 + 0.4 * 4) / 0.784.
    expect(smoothed([1, 2, 4], 0.6).map((value) => value?.toFixed(6))).toEqual([
      '1.000000',
      '1.625000',
      '2.836735',
    ]);
  });

  it('leaves what is no finite number where it is, and goes on behind it', () => {
    expect(smoothed([3, null, 3], 0.9)).toEqual([3, null, expect.closeTo(3)]);
  });

  it('changes nothing with no weight', () => {
    const values = [1, null, 2];
    expect(smoothed(values, 0)).toBe(values);
  });

  it('stays between the least and the greatest', () => {
    const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (values, weight) => {
        const [least, greatest] = [Math.min(...values), Math.max(...values)];
        for (const value of smoothed(values, weight)) {
          expect(value).toBeGreaterThanOrEqual(least - 1e-6);
          expect(value).toBeLessThanOrEqual(greatest + 1e-6);
        }
      }),
    );
  });
});

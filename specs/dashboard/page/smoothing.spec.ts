import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CurveBuilder as ThinnedCurve } from '../../../dist/modules/dashboard/data/curve-builder.js';
import { smoothed } from '../../../src/dashboard/page/curves/smoothing.js';

const exact = (y: readonly (number | null)[]): Parameters<typeof smoothed>[0] => ({
  ...{ x: y.map((_, at) => at), y, stretches: [] },
});

describe('smoothing', () => {
  it('is the debiased average of TensorBoard', () => {
    // By hand: 0.4 * 1 / 0.4, then (0.6 * 0.4 + 0.4 * 2) / 0.64, then (0.6 * 1.04 + 0.4 * 4) / 0.784.
    expect(smoothed(exact([1, 2, 4]), 0.6).map((value) => value?.toFixed(6))).toEqual([
      '1.000000',
      '1.625000',
      '2.836735',
    ]);
  });

  it('counts the values that a thinned curve stands for, not its extremes', () => {
    const curve = new ThinnedCurve(1000);
    for (let at = 0; at < 100_000; at++) curve.add(at, at % 100 === 50 ? 50 : 1);
    const drawn = curve.drawn();
    const line = smoothed(drawn, 0.9).map((value) => value ?? NaN);
    expect(drawn.x.length).toBeGreaterThan(500);
    expect(Math.max(...line)).toBeLessThan(1.7);
    expect(line.reduce((sum, value) => sum + value, 0) / line.length).toBeCloseTo(1.49, 1);
  });

  it('is straight between the ends of stretches, and nothing where there was no number', () => {
    const curve = {
      x: [0, 2, 4, 5, 6],
      y: [1, null, 1, 9, 3],
      stretches: [[0, 1, 1] as const, [4, 1e6, 3] as const],
    };
    expect(smoothed(curve, 0.5)).toEqual([1, null, expect.closeTo(1 + 8 / 6), expect.closeTo(1 + 10 / 6), 3]);
  });

  it('leaves what is no finite number where it is, and goes on behind it', () => {
    expect(smoothed(exact([3, null, 3]), 0.9)).toEqual([3, null, expect.closeTo(3)]);
  });

  it('changes nothing with no weight', () => {
    const values = [1, null, 2];
    expect(smoothed(exact(values), 0)).toBe(values);
  });

  it('stays between the least and the greatest', () => {
    const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (values, weight) => {
        const [least, greatest] = [Math.min(...values), Math.max(...values)];
        for (const value of smoothed(exact(values), weight)) {
          expect(value).toBeGreaterThanOrEqual(least - 1e-6);
          expect(value).toBeLessThanOrEqual(greatest + 1e-6);
        }
      }),
    );
  });
});

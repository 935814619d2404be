import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalDensity, normalQuantile, normalShareBelow } from '../../src/sweep/space/normal-law.js';

describe('the normal distribution', () => {
  // Tables of M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions", 1964, 26.1.
  it.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [2, 0.977249868051821],
    [-3, 0.00134989803163009],
    [4, 0.999968328758167],
  ])('has below %f the share %f', (x, share) => {
    expect(normalShareBelow(x)).toBeCloseTo(share, 14);
  });

  it('gives each share back from its quantile', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (share) => {
        const again = normalShareBelow(normalQuantile(share));
        expect(Math.abs(again - share)).toBeLessThan(1e-14);
      }),
    );
  });

  it('has quantiles far out', () => {
    expect(normalQuantile(1e-12)).toBeCloseTo(-7.034483825301131, 9);
    expect(normalQuantile(1e-16)).toBeCloseTo(-8.222082216130435, 9);
    expect(normalShareBelow(-9)).toBe(0);
    expect(normalShareBelow(9)).toBe(1);
    expect(normalShareBelow(NaN)).toBeNaN();
  });

  it('has the density that its shares grow by', () => {
    for (const x of [-2.5, -0.3, 0, 1.7])
      expect((normalShareBelow(x + 1e-4) - normalShareBelow(x - 1e-4)) / 2e-4).toBeCloseTo(
        normalDensity(x),
        8,
      );
  });
});

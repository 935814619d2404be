import fc from 'fast-check';
import { type Observable, of } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { MetricPoint } from '../../../src/model/metric.js';
import { ema } from '../../../src/stream/operators/ema.js';
import { emitted, invalid, picture, point } from './rig.js';

/** The smoothing of TensorBoard's scalar charts, written out. */
function tensorBoard(values: readonly number[], weight: number): number[] {
  let [last, count] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    last = last * weight + (1 - weight) * value;
    count++;
    return weight === 1 ? last : last / (1 - Math.pow(weight, count));
  });
}

const loss = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('an exponential moving average', () => {
  it('answers each value at once, and the first with itself', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a--b-c-|', { a: 3, b: 5, c: 5 });
      const subs = '        ^-------!';
      const expected = '    -a--b-c-|';
      const values = { a: 3, b: 13 / 3, c: expect.closeTo(33 / 7, 12) as number };
      expectObservable(source.pipe(ema(0.5))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it("is TensorBoard's smoothing, debiased", () => {
    const weight = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(loss, fc.constantFrom(NaN, Infinity, -Infinity))),
        weight,
        (values, w) => {
          const size = Math.max(1, ...values.filter(Number.isFinite).map(Math.abs));
          const smooth = emitted(values, ema(1 - w));
          tensorBoard(values, w).forEach((expected, at) => {
            if (Number.isFinite(expected)) expect(Math.abs(smooth[at]! - expected)).toBeLessThan(1e-9 * size);
            else expect(smooth[at]).toBe(expected);
          });
        },
      ),
    );
  });

  it('lets NaN and infinities pass, and is the same after them', () => {
    const values = [3, NaN, 5, Infinity, -Infinity, 5];
    const smooth = emitted(values, ema(0.5));
    expect(smooth.filter(Number.isFinite)).toEqual(emitted(values.filter(Number.isFinite), ema(0.5)));
    expect([smooth[1], smooth[3], smooth[4]]).toEqual([NaN, Infinity, -Infinity]);
  });

  it('leaves equal numbers as they are, whatever alpha is, and all numbers with an alpha of 1', () => {
    const alpha = fc.double({ min: Number.MIN_VALUE, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.double({ noNaN: true }), alpha, (value, share) => {
        expect(emitted([value, value, value], ema(share))).toEqual([value, value, value]);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.double()), (values) => {
        expect(emitted(values, ema(1))).toEqual(values);
      }),
    );
  });

  it('is the mean of all with an alpha too small to fade anything', () => {
    expect(emitted([1, 2, 6], ema(1e-300))).toEqual([1, 1.5, 3]);
  });

  it('replaces the value of a point and keeps the rest', () => {
    const points = [
      { ...point(1, 3), run: 'a' },
      { ...point(2, 5), run: 'b' },
    ];
    expect(emitted(points, ema(0.5))).toEqual([points[0], { ...points[1], value: 13 / 3 }]);
  });

  it('is of the type of its source', () => {
    expectTypeOf(of(1, 2).pipe(ema(0.5))).toEqualTypeOf<Observable<number>>();
    expectTypeOf(of(point(1, 1)).pipe(ema(0.5))).toEqualTypeOf<Observable<MetricPoint>>();
    // @ts-expect-error -- a text has no average
    void of('a').pipe(ema(0.5));
  });

  it.each([0, -0.1, 1.1, NaN, Infinity, '0.5', null, undefined])('takes no alpha of %s', (alpha) => {
    expect(() => ema(alpha as number)).toThrow(invalid('alpha'));
  });
});

import fc from 'fast-check';
import { type Observable, map, of, range } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { MetricPoint } from '../../../src/model/metric.js';
import { movingAverage } from '../../../src/stream/operators/moving-average.js';
import { emitted, invalid, picture, point } from './rig.js';

const naive = (values: readonly number[], n: number): number[] =>
  values.map((_, at) => {
    const window = values.slice(Math.max(at + 1 - n, 0), at + 1);
    return window.reduce((sum, value) => sum + value, 0) / window.length;
  });

describe('a moving average', () => {
  it('is of the last values, and of as many as there are at first', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-d-|', { a: 1, b: 2, c: 6, d: 0 });
      const subs = '        ^--------!';
      const expected = '    -a-b-c-d-|';
      expectObservable(source.pipe(movingAverage(2))).toBe(expected, { a: 1, b: 1.5, c: 4, d: 3 });
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('is the mean of its window', () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (values, n) => {
        const averages = emitted(values, movingAverage(n));
        naive(values, n).forEach((expected, at) => {
          const size = Math.max(...values.slice(Math.max(at + 1 - n, 0), at + 1).map(Math.abs));
          expect(Math.abs(averages[at]! - expected)).toBeLessThanOrEqual(1e-14 * n * size);
        });
      }),
    );
  });

  it('is the exact mean of whole numbers, NaN and infinities among them', () => {
    const value = fc.oneof(
      { arbitrary: fc.integer(), weight: 9 },
      { arbitrary: fc.constantFrom(NaN, Infinity, -Infinity), weight: 1 },
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (values, n) => {
        expect(emitted(values, movingAverage(n))).toEqual(naive(values, n));
      }),
    );
  });

  it('has not drifted after a million values, huge ones among them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer(), (n, seed) => {
        const last: number[] = [];
        let average = NaN;
        range(0, 1_000_000)
          .pipe(
            // Three values in a million are so huge that 1 is nothing beside them; the rest is between 0 and 1.
            map((at) => (at % 333_333 === 5 ? 1e300 : Math.abs(Math.sin(at * 0.7 + seed)))),
            map((value, at) => {
              if (at >= 1_000_000 - n) last.push(value);
              return value;
            }),
            movingAverage(n),
          )
          .subscribe((value) => (average = value));
        expect(average).toBeCloseTo(last.reduce((sum, value) => sum + value, 0) / n, 12);
      }),
      { numRuns: 2 },
    );
  });

  it('replaces the value of a point and keeps the rest', () => {
    expect(emitted([point(1, 1), point(null, 2)], movingAverage(2))).toEqual([point(1, 1), point(null, 1.5)]);
  });

  it('is of the type of its source', () => {
    expectTypeOf(of(1, 2).pipe(movingAverage(2))).toEqualTypeOf<Observable<number>>();
    expectTypeOf(of(point(1, 1)).pipe(movingAverage(2))).toEqualTypeOf<Observable<MetricPoint>>();
  });

  it.each([0, -1, 1.5, NaN, Infinity, 1e8, '3', undefined])('takes no window of %s', (n) => {
    expect(() => movingAverage(n as number)).toThrow(invalid('n'));
  });
});

import fc from 'fast-check';
import { type Observable, of } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { MetricPoint } from '../../../src/model/metric.js';
import { best } from '../../../src/stream/operators/best.js';
import type { Mode } from '../../../src/stream/operators/numeric.js';
import { emitted, invalid, picture, point } from './rig.js';

describe('the best value', () => {
  it('is told when it comes', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-d-|', { a: 3, b: 4, c: 2, d: 2 });
      const subs = '        ^--------!';
      expectObservable(source.pipe(best('min'))).toBe('-a---c---|', { a: 3, c: 2 });
      expectObservable(source.pipe(best('max'))).toBe('-a-b-----|', { a: 3, b: 4 });
      expectSubscriptions(source.subscriptions).toBe([subs, subs]);
    });
  });

  it('is better than all before it, and never NaN', () => {
    const value = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(NaN, Infinity, -Infinity));
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const isRecord = (at: number, sign: number): boolean =>
          !Number.isNaN(values[at]) &&
          values.slice(0, at).every((before) => Number.isNaN(before) || sign * values[at]! > sign * before);
        expect(emitted(values, best('max'))).toEqual(values.filter((_, at) => isRecord(at, 1)));
        expect(emitted(values, best('min'))).toEqual(values.filter((_, at) => isRecord(at, -1)));
      }),
    );
  });

  it('of points is the point itself', () => {
    const points = [point(1, NaN), point(2, 3), point(3, 1), point(4, 1)];
    expect(emitted(points, best('min'))).toEqual([points[1], points[2]]);
    expectTypeOf(of(point(1, 1)).pipe(best('min'))).toEqualTypeOf<Observable<MetricPoint>>();
    expectTypeOf(of(1, 2).pipe(best('max'))).toEqualTypeOf<Observable<number>>();
  });

  it.each(['least', '', 1, null, undefined])('takes no mode %s', (mode) => {
    expect(() => best(mode as Mode)).toThrow(invalid('mode'));
  });
});

import fc from 'fast-check';
import { type Observable, of } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { MetricPoint } from '../../../src/model/metric.js';
import {
  type Divergence,
  type DivergenceOptions,
  divergence,
} from '../../../src/stream/operators/divergence.js';
import { emitted, invalid, picture, point } from './rig.js';

describe('divergence', () => {
  it('tells NaN, infinities and outliers when they come, and goes on', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  abanbiabz-z-|', { a: 1, b: 3, n: NaN, i: -Infinity, z: 9 });
      const subs = '        ^-----------!';
      const expected = '    ---n-i--z-z-|';
      // Three times 1 and three times 3 came before.
      const deviation = Math.sqrt(6 / 5);
      const outlier = { kind: 'outlier', item: 9, value: 9, mean: 2, deviation, sigmas: 7 / deviation };
      expectObservable(source.pipe(divergence({ warmup: 6 }))).toBe(expected, {
        n: { kind: 'nan', item: NaN },
        i: { kind: 'infinite', item: -Infinity, value: -Infinity },
        z: outlier,
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('calls nothing an outlier before it has seen enough', () => {
    const quiet = new Array<number>(19).fill(1);
    expect(emitted([...quiet, 1e9], divergence())).toEqual([]);
    expect(emitted([...quiet, 1, 1e9], divergence()).map(({ kind }) => kind)).toEqual(['outlier']);
  });

  it('is worse, never better', () => {
    const around = [1, 3, 1, 3, 1, 3];
    const kinds = (value: number, mode: 'min' | 'max'): string[] =>
      emitted([...around, value], divergence({ warmup: 6, mode })).map(({ kind }) => kind);
    expect([kinds(99, 'min'), kinds(-99, 'min')]).toEqual([['outlier'], []]);
    expect([kinds(99, 'max'), kinds(-99, 'max')]).toEqual([[], ['outlier']]);
  });

  it('tells a level that is worse for good with every value', () => {
    const values = [...new Array<number>(20).fill(1), ...new Array<number>(5).fill(2)];
    expect(emitted(values, divergence()).map(({ kind }) => kind)).toEqual(new Array(5).fill('outlier'));
  });

  it('measures by the mean and deviation of the numbers before that were none', () => {
    const value = fc.integer({ min: -50, max: 50 });
    const offset = fc.constantFrom(0, 1e9);
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 60 }),
        offset,
        fc.integer({ min: 1, max: 3 }),
        (small, by, k) => {
          const values = small.map((number) => number + by);
          const found = emitted(values, divergence({ warmup: 5, sigmas: k + 0.123 }));
          const expected = outliersOf(values, 5, k + 0.123);
          expect(found.map(({ item }) => item)).toEqual(expected.map(({ value: number }) => number));
          found.forEach((outlier, at) => {
            if (outlier.kind !== 'outlier') throw new Error(outlier.kind);
            expect(outlier.mean).toBeCloseTo(expected[at]!.mean, 5);
            expect(outlier.deviation).toBeCloseTo(expected[at]!.deviation, 5);
          });
        },
      ),
    );
  });

  it('of points says which, and its kinds are told apart by type', () => {
    const points = [point(1, 1), point(2, NaN)];
    expect(emitted(points, divergence())).toEqual([{ kind: 'nan', item: points[1] }]);
    expectTypeOf(of(point(1, 1)).pipe(divergence())).toEqualTypeOf<Observable<Divergence<MetricPoint>>>();
    expectTypeOf(of(1, 2).pipe(divergence())).toEqualTypeOf<Observable<Divergence<number>>>();
    expectTypeOf<Extract<Divergence<number>, { kind: 'outlier' }>['sigmas']>().toEqualTypeOf<number>();
    expectTypeOf<Extract<Divergence<number>, { kind: 'nan' }>>().not.toHaveProperty('sigmas');
  });

  it.each([
    ['sigmas', { sigmas: 0 }],
    ['sigmas', { sigmas: NaN }],
    ['warmup', { warmup: 1 }],
    ['warmup', { warmup: 2.5 }],
    ['mode', { mode: 'both' }],
    ['options', null],
  ])('takes no wrong %s: %o', (option, options) => {
    expect(() => divergence(options as DivergenceOptions)).toThrow(invalid(option));
  });
});

/** The outliers by mean and deviation made anew, in two passes, for each value. */
function outliersOf(
  values: readonly number[],
  warmup: number,
  sigmas: number,
): { readonly value: number; readonly mean: number; readonly deviation: number }[] {
  const kept: number[] = [];
  return values.flatMap((value) => {
    const mean = kept.reduce((sum, number) => sum + number, 0) / kept.length;
    const squares = kept.reduce((sum, number) => sum + (number - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (kept.length - 1));
    if (kept.length >= warmup && value - mean > sigmas * deviation) return [{ value, mean, deviation }];
    kept.push(value);
    return [];
  });
}

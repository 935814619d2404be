import fc from 'fast-check';
import { type Observable, of, takeUntil } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { MetricPoint } from '../../../src/model/metric.js';
import { type Plateau, type PlateauOptions, plateau } from '../../../src/stream/operators/plateau.js';
import { emitted, invalid, picture, point } from './rig.js';

const losses = { a: 5, b: 4, c: 4.5, d: 4, e: 6, f: 3 };

describe('a plateau', () => {
  it('is told once, when patience is over, and then leaves the source', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-d-e-f-|', losses);
      const subs = '        ^--------!';
      const expected = '    ---------(p|)';
      const values = { p: { best: 4, last: 6, waited: 3 } };
      expectObservable(source.pipe(plateau({ patience: 3 }))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('never comes when something improves in time: the end says nothing', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-d-f-|', losses);
      const subs = '        ^----------!';
      expectObservable(source.pipe(plateau({ patience: 3 }))).toBe('-----------|');
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('stops a run early', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-d-e-f-|', losses);
      const subs = '        ^------!';
      const expected = '    -a-b-c-|';
      const stop = source.pipe(plateau({ patience: 2 }));
      expectObservable(source.pipe(takeUntil(stop))).toBe(expected, losses);
      expectSubscriptions(source.subscriptions).toBe([subs, subs]);
    });
  });

  it('is where the last so many values were not better than the best before by more than minDelta', () => {
    const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(NaN, Infinity, -Infinity));
    const patience = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(fc.array(value), patience, fc.nat(3), (values, allowed, minDelta) => {
        const stop = stopOf(values, allowed, minDelta);
        const expected = stop === null ? [] : [{ at: stop, waited: allowed }];
        const found = (mode: 'min' | 'max', sign: number): unknown[] => {
          const points = values.map((number, at) => point(at, sign * number));
          const plateaus = emitted(points, plateau({ patience: allowed, minDelta, mode }));
          return plateaus.map(({ last, waited }) => ({ at: last.step, waited }));
        };
        expect(found('min', 1)).toEqual(expected);
        expect(found('max', -1)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('lets small steps add up to an improvement', () => {
    const steps = [10, 9.6, 9.2, 8.8, 8.4, 8];
    expect(emitted(steps, plateau({ patience: 3, minDelta: 1 }))).toEqual([]);
    expect(emitted(steps, plateau({ patience: 2, minDelta: 1 }))).toEqual([
      { best: 10, last: 9.2, waited: 2 },
    ]);
  });

  it('is also what a run of NaN is on', () => {
    expect(emitted([NaN, NaN], plateau({ patience: 2 }))).toEqual([{ best: null, last: NaN, waited: 2 }]);
  });

  it('of points says which', () => {
    const points = [point(1, 1), point(2, 2)];
    expect(emitted(points, plateau({ patience: 1 }))).toEqual([
      { best: points[0], last: points[1], waited: 1 },
    ]);
    expectTypeOf(of(point(1, 1)).pipe(plateau({ patience: 1 }))).toEqualTypeOf<
      Observable<Plateau<MetricPoint>>
    >();
    expectTypeOf(of(1, 2).pipe(plateau({ patience: 1 }))).toEqualTypeOf<Observable<Plateau<number>>>();
  });

  it.each([
    ['patience', { patience: 0 }],
    ['patience', {}],
    ['patience', { patience: 1.5 }],
    ['minDelta', { patience: 1, minDelta: -1 }],
    ['minDelta', { patience: 1, minDelta: NaN }],
    ['mode', { patience: 1, mode: 'up' }],
    ['options', undefined],
    ['options', null],
  ])('takes no wrong %s: %o', (option, options) => {
    expect(() => plateau(options as PlateauOptions)).toThrow(invalid(option));
  });
});

/** Where patience ends, by looking at every place anew; null where it never does. */
function stopOf(values: readonly number[], patience: number, minDelta: number): number | null {
  let [reference, since] = [Infinity, -1];
  for (let at = 0; at < values.length; at++) {
    if (values[at]! < reference - minDelta) [reference, since] = [values[at]!, at];
    else if (at - since >= patience) return at;
  }
  return null;
}

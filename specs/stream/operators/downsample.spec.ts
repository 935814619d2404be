import fc from 'fast-check';
import { type Observable, of } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { MetricPoint } from '../../../src/model/metric.js';
import { CurveSketch, type StepPoint } from '../../../src/stream/operators/curve-sketch.js';
import { type DownsampleOptions, downsample } from '../../../src/stream/operators/downsample.js';
import { emitted, invalid, picture, point } from './rig.js';

/** LTTB as the thesis tells it: share the points out, then walk the buckets. */
function naive<P extends StepPoint>(points: readonly P[], n: number): P[] {
  if (points.length <= n) return [...points];
  const between = points.slice(1, -1);
  const buckets: P[][] = [[points[0]!], ...Array.from({ length: n - 2 }, () => []), [points.at(-1)!]];
  // A point is in the bucket whose share of the whole it falls into.
  between.forEach((p, at) => {
    let bucket = 1;
    while (bucket < n - 2 && at >= Math.floor((bucket * between.length) / (n - 2))) bucket++;
    buckets[bucket]!.push(p);
  });
  const chosen = [points[0]!];
  for (let at = 1; at < buckets.length - 1; at++) {
    const [a, next] = [chosen.at(-1)!, buckets[at + 1]!];
    const cx = next.reduce((sum, p) => sum + Number(p.step), 0) / next.length;
    const cy = next.reduce((sum, p) => sum + p.value, 0) / next.length;
    const areas = buckets[at]!.map((b) =>
      Math.abs(
        (Number(a.step) - cx) * (b.value - a.value) - (Number(a.step) - Number(b.step)) * (cy - a.value),
      ),
    );
    chosen.push(buckets[at]![areas.indexOf(Math.max(...areas))]!);
  }
  return [...chosen, points.at(-1)!];
}

const curve = (values: readonly number[]): MetricPoint[] => values.map((value, step) => point(step, value));
const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 300 });
const size = fc.integer({ min: 2, max: 40 });

describe('a curve made smaller', () => {
  it('is there when its source ends', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const points = { a: point(1, 0), b: point(2, 1), c: point(3, 9), d: point(4, 0) };
      const source = hot('  -a-b-c-d-|', points);
      const subs = '        ^--------!';
      const expected = '    ---------(acd|)';
      expectObservable(source.pipe(downsample(3))).toBe(expected, points);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('has the points of LTTB, as long as all of its source fit', () => {
    fc.assert(
      fc.property(values, size, (numbers, n) => {
        const points = curve(numbers);
        expect(emitted(points, downsample(n, { capacity: 600 }))).toEqual(naive(points, n));
      }),
      { numRuns: 300 },
    );
  });

  it('has its size, its ends and its order, however long its source is', () => {
    fc.assert(
      fc.property(values, size, fc.nat(20), (numbers, n, spare) => {
        const points = curve(numbers);
        const kept = emitted(points, downsample(n, { capacity: 2 * n + spare }));
        expect(kept.length).toBe(Math.min(n, points.length));
        expect(kept[0]).toBe(points[0]);
        expect(kept.at(-1)).toBe(points.at(-1));
        expect(kept.every((p, at) => at === 0 || p.step! > kept[at - 1]!.step!)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is made from no more points than its capacity, whatever they are', () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity));
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 300 }),
        fc.integer({ min: 4, max: 20 }),
        (numbers, capacity) => {
          const sketch = new CurveSketch<MetricPoint>(capacity);
          for (const p of curve(numbers)) {
            sketch.add(p);
            expect(sketch.points().length + sketch.odd().length).toBeLessThanOrEqual(capacity);
          }
        },
      ),
      { numRuns: 300, seed: 8 },
    );
  });

  it('is made from no more points than its capacity, the extremes among them', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 4, max: 50 }), (numbers, capacity) => {
        const sketch = new CurveSketch<MetricPoint>(capacity);
        for (const p of curve(numbers)) {
          sketch.add(p);
          expect(sketch.points().length).toBeLessThanOrEqual(capacity);
        }
        const held = sketch.points().map(({ y }) => y);
        expect(held.length).toBeGreaterThanOrEqual(Math.min(numbers.length, capacity / 2));
        expect(Math.max(...held)).toBe(Math.max(...numbers));
        expect(Math.min(...held)).toBe(Math.min(...numbers));
      }),
      { numRuns: 300 },
    );
  });

  it('shows the one spike in a million points', () => {
    const flat = function* (): Generator<MetricPoint> {
      for (let step = 0; step < 1_000_000; step++)
        yield point(step, step === 777_777 ? 50 : Math.sin(step / 50_000));
    };
    const kept = emitted(flat(), downsample(100));
    expect(kept.length).toBe(100);
    expect(kept.filter(({ value }) => value === 50)).toEqual([point(777_777, 50)]);
  });

  it('puts a point without a step one after the one before', () => {
    const steps = [10, null, null, 20, 30, null].map((step, at) => point(step, at % 4 === 1 ? 7 : at));
    const placed = [10, 11, 12, 20, 30, 31].map((step, at) => point(step, steps[at]!.value));
    const chosen = naive(placed, 4).map((p) => steps[placed.indexOf(p)]);
    expect(emitted(steps, downsample(4))).toEqual(chosen);
  });

  it('is all of its source where that is short, NaN and infinities included', () => {
    const points = curve([NaN, 1, Infinity, 2, NaN, 3, -Infinity]);
    expect(emitted(points, downsample(7))).toEqual(points);
    expect(emitted(points, downsample(7, { capacity: 14 }))).toEqual(points);
    expect(emitted(points, downsample(3)).map(({ step }) => step)).toEqual([0, 1, 6]);
  });

  it('has a NaN where there is any, its ends and its order kept, and no more points than asked for', () => {
    const value = fc.oneof(fc.double({ min: -1e6, max: 1e6 }), fc.constantFrom(NaN, Infinity, -Infinity));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 2000, size: 'max' }),
        fc.integer({ min: 4, max: 60 }),
        fc.nat(20),
        (numbers, n, spare) => {
          const points = curve(numbers);
          const kept = emitted(points, downsample(n, { capacity: 2 * n + spare }));
          expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
          expect(kept.every((p, at) => at === 0 || p.step! > kept[at - 1]!.step!)).toBe(true);
          expect(kept.length).toBeLessThanOrEqual(n);
          expect(kept.some(({ value }) => Number.isNaN(value))).toBe(numbers.some(Number.isNaN));
        },
      ),
      { numRuns: 300, seed: 8 },
    );
  });

  it('leaves NaN and infinities a quarter of its points', () => {
    const mixed = Array.from({ length: 10_000 }, (_, at) => [Math.sin(at), NaN, at, Infinity][at % 4]!);
    const odd = emitted(curve(mixed), downsample(40)).filter(({ value }) => !Number.isFinite(value));
    expect(odd.length).toBeGreaterThan(4);
    expect(odd.length).toBeLessThanOrEqual(10 + 1);
    expect(new Set(odd.map(({ value }) => value))).toEqual(new Set([NaN, Infinity]));
  });

  it('has its NaN spread over a curve that is NaN throughout', () => {
    const kept = emitted(curve(new Array<number>(100_000).fill(NaN)), downsample(50));
    const parts = kept.map(({ step }) => Math.floor(Number(step) / 10_000));
    expect(new Set(parts)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });

  it('keeps what its points carry, and their type', () => {
    const points = [{ step: 1, value: 1, run: 'a' }];
    expect(emitted(points, downsample(2))[0]).toBe(points[0]);
    expectTypeOf(of(point(1, 1)).pipe(downsample(2))).toEqualTypeOf<Observable<MetricPoint>>();
    // @ts-expect-error -- a number has no place on a curve
    void of(1).pipe(downsample(2));
  });

  it.each([
    ['n', 1, {}],
    ['n', 2.5, {}],
    ['n', NaN, {}],
    ['capacity', 10, { capacity: 19 }],
    ['capacity', 10, { capacity: Infinity }],
    ['options', 10, null],
  ])('takes no wrong %s: %s, %o', (option, n, options) => {
    expect(() => downsample(n, options as DownsampleOptions)).toThrow(invalid(option));
  });
});

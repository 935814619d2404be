import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CurveBuilder, type DrawnCurve } from '../../../dist/modules/dashboard/data/curve-builder.js';

const drawn = (values: readonly number[], points: number, xOf = (at: number): number => at): DrawnCurve => {
  const curve = new CurveBuilder(points);
  values.forEach((y, at) => {
    curve.add(xOf(at), y);
  });
  return curve.drawn();
};
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const points = fc.integer({ min: 8, max: 100 });

describe('a curve', () => {
  it('has at most as many points as asked for, its ends and its extremes among them, in order, all as they were', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 3000 }), points, (values, most) => {
        const { x, y, stretches, values: count, isExact } = drawn(values, most);
        expect(x.length).toBe(y.length);
        expect(x.length).toBeLessThanOrEqual(most);
        expect([count, isExact]).toEqual([values.length, values.length <= most]);
        x.forEach((at, index) => {
          expect(y[index]).toBe(values[at]);
          if (index > 0) expect(at).toBeGreaterThan(x[index - 1] ?? NaN);
        });
        expect([x[0], x.at(-1)]).toEqual([0, values.length - 1]);
        expect(stretches.length > 0).toBe(!isExact);
        stretches.forEach(([end, length, mean], index) => {
          const from = index === 0 ? 0 : (x[stretches[index - 1]?.[0] ?? NaN] ?? NaN) + 1;
          const of = values.slice(from, (x[end] ?? NaN) + 1);
          expect(length).toBe(of.length);
          expect(mean).toBeGreaterThanOrEqual(Math.min(...of) - 1e-9 * Math.abs(Math.min(...of)));
          expect(mean).toBeLessThanOrEqual(Math.max(...of) + 1e-9 * Math.abs(Math.max(...of)));
        });
        const least = values.reduce((one, other) => Math.min(one, other));
        const greatest = values.reduce((one, other) => Math.max(one, other));
        expect(y.reduce<number>((one, other) => Math.min(one, other ?? NaN), Infinity)).toBe(least);
        expect(y.reduce<number>((one, other) => Math.max(one, other ?? NaN), -Infinity)).toBe(greatest);
      }),
    );
  });

  it('is all of what was added when that is little, late steps where they belong', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), finite), { maxLength: 50 }), (rows) => {
        const curve = new CurveBuilder(50);
        for (const [x, y] of rows) curve.add(x, y);
        const sorted = [...rows].sort(([one], [other]) => one - other);
        expect(curve.drawn()).toMatchObject({
          x: sorted.map(([x]) => x),
          y: sorted.map(([, y]) => y),
          nonFinite: [],
          stretches: [],
          values: rows.length,
          isExact: true,
        });
      }),
    );
  });

  it('marks what is no finite number, some hundreds of it, and tells which it was', () => {
    const some = drawn([1, NaN, Infinity, 2, -Infinity], 8);
    expect(some).toMatchObject({
      x: [0, 1, 2, 3, 4],
      y: [1, null, null, 2, null],
      nonFinite: [
        [1, 'NaN'],
        [2, 'Infinity'],
        [4, '-Infinity'],
      ],
      values: 5,
      isExact: true,
    });
    const many = drawn(
      Array.from({ length: 10_000 }, (_, at) => (at % 2 === 0 ? NaN : at)),
      40,
    );
    expect(many.isExact).toBe(false);
    expect(many.x.length).toBeLessThanOrEqual(40 + many.nonFinite.length);
    expect(many.nonFinite.length).toBeGreaterThan(100);
    expect(many.x[many.nonFinite.at(-1)?.[0] ?? 0]).toBeGreaterThan(9000);
  });

  it('has its first and last value, and of every part each kind of value that is no finite number, however many there are', () => {
    const odd = fc.constantFrom(NaN, Infinity, -Infinity);
    const value = fc.oneof({ weight: 2, arbitrary: finite }, odd);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3000, size: 'max' }), points, (values, most) => {
        const { x, y, nonFinite } = drawn(values, most);
        expect([x[0], x.at(-1)]).toEqual([0, values.length - 1]);
        nonFinite.forEach(([index, what]) => {
          expect([y[index], what]).toEqual([null, String(values[x[index] ?? NaN])]);
        });
        const told = new Set(nonFinite.map(([, what]) => what));
        expect(told).toEqual(new Set(values.filter((each) => !Number.isFinite(each)).map(String)));
        expect(y.filter((each) => each !== null).length).toBeLessThanOrEqual(most);
        expect(nonFinite.length).toBeLessThanOrEqual(2 * 256 + 1 + 0.75 * most);
      }),
      { seed: 8 },
    );
  });

  it('has a NaN in every part of it, long gaps in another part notwithstanding', () => {
    // Long gaps crowd out short ones: those of the first half are of one value, those of the second of ten.
    const { x, nonFinite } = drawn(
      Array.from({ length: 20_000 }, (_, at) => ((at < 10_000 ? at % 20 === 0 : at % 20 < 10) ? NaN : at)),
      100,
    );
    expect(x[0]).toBe(0);
    const parts = nonFinite.map(([index]) => Math.floor((x[index] ?? NaN) / 1000));
    expect(new Set(parts)).toEqual(new Set(Array.from({ length: 20 }, (_, part) => part)));
  });

  it('has a gap where there was nothing finite, however long, among however many short ones', () => {
    const { x, y, isExact } = drawn(
      Array.from({ length: 10_000 }, (_, at) => (at % 2 === 0 || (at > 600 && at < 2000) ? NaN : at)),
      40,
    );
    const gap = x.flatMap((at, index) => (at >= 600 && at <= 2000 ? [[at, y[index]]] : []));
    expect(gap).toEqual([
      [600, null],
      [2000, null],
    ]);
    expect(isExact).toBe(false);
  });

  it('of nothing is nothing', () => {
    expect(drawn([], 10)).toEqual({
      ...{ x: [], y: [], nonFinite: [], stretches: [], times: [], beside: [], values: 0, isExact: true },
    });
  });
});

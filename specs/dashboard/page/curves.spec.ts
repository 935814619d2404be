import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LivePoints } from '../../../src/dashboard/api.js';
import { bandOf } from '../../../src/dashboard/page/curves/band.js';
import { type Curve, firstFrom, nearestTo, withDetail } from '../../../src/dashboard/page/curves/curve.js';
import { extentOfX, extentOfY } from '../../../src/dashboard/page/curves/extent.js';
import { columnEdges, histogramMap } from '../../../src/dashboard/page/curves/histogram-map.js';
import { shareOf, shares, shownSpan } from '../../../src/pure/span.js';
import { isOvergrown, isWithoutPlace, withLive } from '../../../src/dashboard/page/curves/live-points.js';

const curve = (x: readonly number[], y: readonly (number | null)[], more: Partial<Curve> = {}): Curve => ({
  ...{ run: 'a/b', metric: 'loss', x, y, nonFinite: [], stretches: [], values: x.length, isExact: true },
  ...more,
});

describe('a curve', () => {
  it('finds the first place from a value on, as a search from the left would', () => {
    const sorted = fc.array(fc.integer({ min: 0, max: 50 })).map((x) => x.sort((one, other) => one - other));
    fc.assert(
      fc.property(sorted, fc.integer({ min: -1, max: 51 }), (x, value) => {
        const found = x.findIndex((at) => at >= value);
        expect(firstFrom(x, value)).toBe(found < 0 ? x.length : found);
      }),
    );
  });

  it('finds the point next to a place', () => {
    expect([-5, 4, 6, 99].map((at) => nearestTo([0, 10, 20], at))).toEqual([0, 0, 1, 2]);
    expect(nearestTo([], 1)).toBe(-1);
  });

  it('takes a stretch that was read in detail, the marks of both at their places', () => {
    const base = curve([0, 10, 20, 30, 40], [0, null, 2, 3, null], {
      nonFinite: [
        [1, 'NaN'],
        [4, 'Infinity'],
      ],
      isExact: false,
    });
    const detail = curve([15, 20, 22, 25], [1.5, 2, null, 2.5], { nonFinite: [[2, '-Infinity']] });

    const { x, nonFinite } = withDetail(base, detail, { from: 15, to: 25 });

    expect(x).toEqual([0, 10, 15, 20, 22, 25, 30, 40]);
    expect(nonFinite.map(([index, what]) => [x[index], what])).toEqual([
      [10, 'NaN'],
      [22, '-Infinity'],
      [40, 'Infinity'],
    ]);
  });

  it('with a stretch in detail has the stretches of both: each value by itself where all are here', () => {
    const base = curve([0, 10, 20, 30, 40], [0, 1, 2, 3, 4], {
      stretches: [
        [1, 10, 0.5],
        [4, 20, 3.5],
      ],
    });
    const { x, stretches } = withDetail(base, curve([15, 25], [7, null]), { from: 15, to: 25 });
    expect(stretches.map(([index, ...rest]) => [x[index], ...rest])).toEqual([
      [10, 10, 0.5],
      [15, 1, 7],
      [40, 20, 3.5],
    ]);
  });
});

describe('live points', () => {
  const arrived: LivePoints['series'][number] = {
    ...{ metric: 'loss', step: [3, 4], time: [100, 200], value: [0.3, null], nonFinite: [[1, '-Infinity']] },
    ...{ stretches: [], values: 2, isExact: true },
  };
  const byStep = { x: 'step', startedAtMs: 0, readUntil: 0 } as const;

  it('stand behind the curve, what is no finite number as a mark', () => {
    const next = withLive(curve([1, 2], [0.1, 0.2]), arrived, byStep);

    expect(next).toMatchObject({ x: [1, 2, 3, 4], y: [0.1, 0.2, 0.3, null], values: 4 });
    expect(next.nonFinite).toEqual([[3, '-Infinity']]);
  });

  it('are left out when the curve was read after them', () => {
    expect(withLive(curve([1], [1]), arrived, { ...byStep, readUntil: 100 }).x).toEqual([1, 4]);
    const whole = curve([1], [1]);
    expect(withLive(whole, arrived, { ...byStep, readUntil: 200 })).toBe(whole);
  });

  it('stand at their time since the run began', () => {
    const placing = { x: 'time', startedAtMs: -900, readUntil: 0 } as const;
    expect(withLive(curve([], []), arrived, placing).x).toEqual([1, 1.1]);
  });

  it('without a step have no place on an axis of steps, and the curve is to be read anew', () => {
    const some = { ...arrived, step: [null, 4] };
    expect(withLive(curve([], []), some, byStep).x).toEqual([4]);
    expect([isWithoutPlace(some, byStep), isWithoutPlace(arrived, byStep)]).toEqual([true, false]);
    expect(isWithoutPlace(some, { x: 'time' })).toBe(false);
  });

  it('of an earlier step find their place, and the marks keep theirs', () => {
    const before = curve([1, 9], [1, null], { nonFinite: [[1, 'Infinity']] });
    const next = withLive(before, arrived, byStep);

    expect(next.x).toEqual([1, 3, 4, 9]);
    expect(next.nonFinite).toEqual([
      [2, '-Infinity'],
      [3, 'Infinity'],
    ]);
  });

  it('of which not all are here stand for as many as they are of, behind a curve of which all are', () => {
    const thinned = { ...arrived, value: [0.3, 9], nonFinite: [], values: 50, isExact: false };
    const next = withLive(curve([1, 2], [5, null]), { ...thinned, stretches: [[1, 50, 1.5]] }, byStep);
    expect(next).toMatchObject({ values: 52, isExact: false });
    expect(next.stretches).toEqual([
      [0, 1, 5],
      [3, 50, 1.5],
    ]);
    const again = withLive(next, { ...arrived, step: [5, 6] }, byStep);
    expect(again.stretches.slice(2)).toEqual([[4, 1, 0.3]]);
  });

  it('make a curve too long at some point', () => {
    const x = Array.from({ length: 4001 }, (_, index) => index);
    expect([isOvergrown(curve(x, x)), isOvergrown(curve(x.slice(1), x.slice(1)))]).toEqual([true, false]);
  });
});

describe('a band', () => {
  it('has the mean, least and greatest, straight between points and nothing beyond the ends', () => {
    const band = bandOf('group', [curve([0, 10], [0, 10]), curve([0, 5], [4, 5])]);

    expect(band.x).toEqual([0, 5, 10]);
    expect(band.mean).toEqual([2, 5, 10]);
    expect(band.min).toEqual([0, 5, 10]);
    expect(band.max).toEqual([4, 5, 10]);
  });

  it('of thinned curves is of their stretches: the mean of all values, and the least and greatest of them', () => {
    const thinned = curve([0, 3, 9, 10, 15, 19], [1, 30, 1, 1, -5, 1], {
      ...{ values: 20, isExact: false },
      stretches: [
        [2, 10, 2.5],
        [5, 10, 0.5],
      ],
    });
    const band = bandOf('group', [thinned, curve([9, 19], [1, 1])]);
    expect(band).toMatchObject({ x: [9, 19], mean: [1.75, 0.75], min: [1, -5], max: [30, 1] });
  });

  it('has at most a thousand places, the ends among them', () => {
    const x = Array.from({ length: 5000 }, (_, index) => index);
    const band = bandOf('group', [curve(x, x)]);
    expect([band.x.length, band.x[0], band.x.at(-1)]).toEqual([1000, 0, 4999]);
  });

  it('is straight between the greatest numbers there are', () => {
    const far = curve([0, 2], [-Number.MAX_VALUE, Number.MAX_VALUE]);
    expect(bandOf('group', [far, curve([1], [0])]).mean[1]).toBe(0);
  });

  it('leaves out what is no finite number', () => {
    expect(bandOf('group', [curve([0, 1], [null, 1]), curve([0, 1], [3, 3])]).mean).toEqual([3, 2]);
  });
});

describe('the extent of a chart', () => {
  it('is that of all lines', () => {
    expect(extentOfX([curve([2, 5], [0, 0]), curve([1, 3], [0, 0])])).toEqual({ from: 1, to: 5 });
    expect(extentOfX([curve([], [])])).toBeNull();
    expect(extentOfX([curve([3], [0])])).toEqual({ from: 2.5, to: 3.5 });
  });

  it.each([
    ['neighbouring doubles', 1, 1 + Number.EPSILON],
    ['steps beside 2^53', 2 ** 53 - 2, 2 ** 53 - 1],
    ['one step beside 2^53', 2 ** 53 - 1, 2 ** 53 - 1],
    ['the last step there can be', 2 ** 63, 2 ** 63],
    ['the least numbers', 0, Number.MIN_VALUE],
    ['the greatest number', Number.MAX_VALUE, Number.MAX_VALUE],
    ['all numbers', -Number.MAX_VALUE, Number.MAX_VALUE],
  ])('has room for its points, %s included', (_, least, greatest) => {
    const across = extentOfX([curve([least, greatest], [0, 0])]) ?? { from: NaN, to: NaN };
    const up = extentOfY([curve([0, 1], [least, greatest])], { from: 0, to: 1 }, false);
    for (const span of [across, up]) {
      expect(shownSpan(span)).toEqual(span);
      expect([span.from <= least, span.to >= greatest]).toEqual([true, true]);
      const places = [least, greatest].map((value) => shareOf(span, value));
      expect(places.every((place) => place >= 0 && place <= 1)).toBe(true);
    }
  });

  it.each([
    [1, 1 + Number.EPSILON],
    [Number.MAX_VALUE, Number.MAX_VALUE],
    [Number.MIN_VALUE, Number.MIN_VALUE],
    [Number.MIN_VALUE, Number.MAX_VALUE],
  ])('has room for them on a logarithmic axis: %d and %d', (least, greatest) => {
    const span = extentOfY([curve([0, 1], [least, greatest])], { from: 0, to: 1 }, true);
    const places = [least, greatest].map(shares(span, true));
    expect(places.every((place) => place >= 0 && place <= 1)).toBe(true);
  });

  it('upwards is that of what is seen, with some room', () => {
    const line = curve([0, 1, 2, 3, 4], [100, 1, 2, 1, 100]);
    const { from, to } = extentOfY([line], { from: 1.5, to: 2.5 }, false);
    expect([from.toFixed(4), to.toFixed(4)]).toEqual(['0.9400', '2.0600']);
  });

  it('upwards is finite for all numbers there are', () => {
    for (const isLog of [false, true]) {
      const { from, to } = extentOfY([curve([0, 1], [1e-300, 1e300])], { from: 0, to: 1 }, isLog);
      expect(from < 1e-300 && to > 1e300 && Number.isFinite(to - from)).toBe(true);
    }
  });

  it('upwards counts every point of the greatest x', () => {
    const { to } = extentOfY([curve([0, 1, 1, 1], [1, 1, 1, 100])], { from: 0, to: 1 }, false);
    expect(to).toBeGreaterThan(100);
  });

  it('on a logarithmic axis leaves out what is not above zero', () => {
    const { from } = extentOfY([curve([0, 1, 2], [0, 1, 10])], { from: 0, to: 2 }, true);
    expect(from).toBeGreaterThan(0.8);
    const close = extentOfY([curve([0, 1], [123456.7, 123456.8])], { from: 0, to: 1 }, true);
    expect(close.to - close.from).toBeLessThan(0.12);
  });
});

describe('a map of histograms', () => {
  it('has one range of values, and shares of the densest', () => {
    const map = histogramMap([
      { step: 0, edges: [0, 1, 2], counts: [4, 0] },
      { step: 1, edges: [-1, 1], counts: [8] },
    ]);

    expect(map).toMatchObject({ from: -1, to: 1 });
    expect(map?.columns[0]).toEqual([{ from: 0, to: 1, share: 1 }]);
    expect(map?.columns[1]?.[0]?.share).toBeCloseTo(Math.SQRT1_2);
  });

  it('has its columns at their steps, and side by side where steps do not go up', () => {
    const edges = columnEdges([0, 10, 30]);
    expect(edges.map((at) => Math.round(at * 45) - 5)).toEqual([-5, 5, 20, 40]);
    expect(columnEdges([3, 1])).toEqual([0, 0.5, 1]);
    expect(columnEdges([null, 1])).toEqual([0, 0.5, 1]);
    expect(columnEdges([7])).toEqual([0, 1]);
  });

  it('has a range and columns of their own where values and steps are next to each other', () => {
    const at = 2 ** 53;
    const map = histogramMap([{ step: 0, edges: [at, at], counts: [1] }]);
    expect((map?.to ?? NaN) - (map?.from ?? NaN)).toBeGreaterThan(0);
    expect(columnEdges([at, at + 2, at + 4])).toEqual([0, 1 / 3, 2 / 3, 1]);
  });

  it('is none without values', () => {
    expect(histogramMap([{ step: 0, edges: [0, 1], counts: [0] }])).toBeNull();
  });
});

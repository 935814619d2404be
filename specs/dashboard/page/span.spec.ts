import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisOf } from '../../../src/dashboard/page/compare/axis.js';
import { type Span, moved, shareOf, shares, shownSpan, valueOf, zoomed } from '../../../src/pure/span.js';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const span = fc
  .tuple(finite, finite)
  .map(([one, other]) => shownSpan({ from: Math.min(one, other), to: Math.max(one, other) }));
const share = fc.double({ min: 0, max: 1, noNaN: true });
const isNumber = ({ from, to }: { readonly from: number; readonly to: number }): boolean =>
  Number.isFinite(from) && Number.isFinite(to) && from < to;

describe('the stretch that a chart shows', () => {
  it('is as it was where it is long enough', () => {
    expect(shownSpan({ from: 0, to: 1 })).toEqual({ from: 0, to: 1 });
    expect(shownSpan({ from: 1767225600000, to: 1767225600000.5 })).toEqual({
      from: 1767225600000,
      to: 1767225600000.5,
    });
  });

  it('is a stretch of numbers, 64 doubles long at least, the wanted one within it', () => {
    fc.assert(
      fc.property(finite, finite, (one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const shown = shownSpan({ from, to });
        expect(isNumber(shown)).toBe(true);
        expect([shown.from <= from, shown.to >= to]).toEqual([true, true]);
        const places = new Set(Array.from({ length: 33 }, (_, at) => valueOf(shown, at / 32)));
        expect(places.size).toBeGreaterThan(30);
      }),
      { numRuns: 500 },
    );
  });

  it('has each value at its share of it, all numbers there are included', () => {
    fc.assert(
      fc.property(span, share, (seen, at) => {
        expect(shareOf(seen, valueOf(seen, at))).toBeCloseTo(at, 1);
        expect([shareOf(seen, seen.from), shareOf(seen, seen.to)]).toEqual([0, 1]);
      }),
      { numRuns: 500 },
    );
    expect([1, 10, 1000].map(shares({ from: 1, to: 1000 }, true))).toEqual([0, 1 / 3, 1]);
  });

  it('stays a stretch of numbers however often and far it is zoomed and moved', () => {
    const factor = fc.oneof(
      fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
      fc.constantFrom(0, Infinity, Number.MIN_VALUE),
    );
    const step = fc.oneof(
      fc.tuple(share, factor).map(
        ([at, by]) =>
          (seen: Span) =>
            zoomed(seen, at, by),
      ),
      fc.double({ min: -1e3, max: 1e3, noNaN: true }).map((by) => (seen: Span) => moved(seen, by)),
    );
    fc.assert(
      fc.property(span, fc.array(step, { maxLength: 50 }), (from, steps) => {
        let seen = from;
        for (const each of steps) {
          seen = each(seen);
          expect(isNumber(seen)).toBe(true);
          expect(shownSpan(seen)).toEqual(seen);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps its place when it is zoomed in beyond the least length', () => {
    let seen = { from: 1e6, to: 1e6 + 1 };
    for (let turn = 0; turn < 500; turn++) seen = zoomed(seen, 0.25, 0.8);
    expect(seen.from).toBeCloseTo(1e6 + 0.25, 5);
    expect(zoomed(seen, 0.25, 0.8)).toEqual(seen);
  });
});

describe('an axis of a comparison', () => {
  it.each([
    [[-1e308, 0, 1e308]],
    [[0, Number.MIN_VALUE]],
    [[1, 1 + Number.EPSILON]],
    [[2 ** 53 - 2, 2 ** 53 - 1]],
    [[Number.MIN_VALUE, Number.MAX_VALUE]],
  ])('has its numbers in order between 0 and 1: %j', (numbers) => {
    const axis = axisOf(numbers);
    const places = numbers.map((number) => axis.placeOf(number) ?? NaN);
    expect([places[0], places.at(-1)]).toEqual([0, 1]);
    expect(axis.ticks.every(({ text }) => !/NaN|∞/.test(text))).toBe(true);
  });
});

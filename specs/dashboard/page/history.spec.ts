import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistoryPointAnswer } from '../../../src/dashboard/api.js';
import { scaleOfField, scaleOfFigure } from '../../../src/dashboard/page/history/scales.js';
import { timeTicks } from '../../../src/dashboard/page/history/time-ticks.js';
import { axisOfHistory, historyPoints, lastStarted, usualFigure } from '../../../src/pure/history.js';

const point = (x: number | string, value: number | string = 1): HistoryPointAnswer => ({
  ...{ experiment: 'exp', run: 'r', status: 'FINISHED', x, value },
});

describe('an axis of time', () => {
  it('has round moments within it, no more than there is room for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 1000, max: 1e12 }),
        fc.integer({ min: 1, max: 12 }),
        (from, length, most) => {
          const ticks = timeTicks({ from, to: from + length }, most);
          expect(ticks.length).toBeLessThanOrEqual(most + 1);
          for (const { at } of ticks) expect(at >= from && at <= from + length).toBe(true);
          expect(new Set(ticks.map(({ at }) => at % 1000)).size).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('writes days for a long stretch, and times for a short one', () => {
    const from = new Date(2026, 2, 1, 9, 0).getTime();
    const texts = (length: number): string[] =>
      timeTicks({ from, to: from + length }, 4).map(({ text }) => text);
    expect(texts(4 * 86_400_000)[0]).toBe('2026-03-02');
    expect(texts(3_600_000)).toEqual(['09:00', '09:15', '09:30', '09:45', '10:00']);
    expect(texts(3000)[0]).toBe('09:00:00');
  });
});

describe('the places of points', () => {
  it('are within the chart, whatever the numbers; a value that is not finite has none', () => {
    const numbers = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1 }), (values) => {
        const all = values.map((value) => point(value, value));
        for (const scale of [scaleOfFigure(all, 300), scaleOfField({ axis: 'number', points: all }, 600)])
          for (const value of values) {
            const place = scale.placeOf(value);
            expect(place === null || (place >= 0 && place <= 1)).toBe(true);
          }
      }),
    );
    expect(scaleOfFigure([point(1, 'NaN'), point(2, 3)], 300).placeOf('NaN')).toBeNull();
  });

  it('of a single run are in the middle', () => {
    expect(scaleOfFigure([point(1, 5)], 300).placeOf(5)).toBe(0.5);
    expect(scaleOfField({ axis: 'date', points: [point(1e12)] }, 600).placeOf(1e12)).toBe(0.5);
    expect(scaleOfField({ axis: 'text', points: [point('adam')] }, 600).placeOf('adam')).toBe(0.5);
  });
});

describe('the points of a history', () => {
  const runs = [
    { startedAt: '2026-01-03', lr: NaN, value: 1 },
    { startedAt: '2026-01-01', lr: 'x', value: true },
    { startedAt: '2026-01-02', lr: 2n, value: 3 },
    { startedAt: '2026-01-04', lr: 1, value: 'no number' },
    { startedAt: '2026-01-05', value: 5 },
    { startedAt: '2026-01-06', lr: [1], value: 6 },
  ];
  const by = (isDate: boolean): ReturnType<typeof historyPoints<(typeof runs)[number]>> =>
    historyPoints(runs, {
      valueOf: ({ value }) => value,
      placeOf: ({ lr, startedAt }) => (isDate ? startedAt : lr),
      isDate,
    });

  it('are numbers before texts, and NaN last; runs without a number or the field are left out', () => {
    expect(by(false).map(({ x, value }) => [x, value])).toEqual([
      [2, 3],
      ['[1]', 6],
      ['x', 1],
      [NaN, 1],
    ]);
    expect(axisOfHistory(by(false), false)).toBe('text');
    expect(axisOfHistory(by(true), true)).toBe('date');
    expect(lastStarted(by(false), 2).map(({ x }) => x)).toEqual(['[1]', NaN]);
  });

  it('are of the first headline, else of the first metric with numbers', () => {
    const metrics = { text: {}, empty: { nan: 3 }, loss: { min: 1 } };
    expect(usualFigure([{ metrics }, { headline: ['rate'], metrics }], Object.entries)).toBe('rate');
    expect(usualFigure([{ metrics }], Object.entries)).toBe('loss');
    expect(usualFigure([{ metrics: { empty: { nan: 3 } } }], Object.entries)).toBe('empty');
    expect(usualFigure([{ metrics: { text: {} } }], Object.entries<{ min?: number }>)).toBeUndefined();
  });
});

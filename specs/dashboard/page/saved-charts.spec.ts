import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvOf } from '../../../src/dashboard/page/chart/csv.js';
import { type Figure, figureOf, lastValue } from '../../../src/dashboard/page/chart/figure.js';
import { svgOf } from '../../../src/dashboard/page/chart/svg.js';
import { logTicks, ticks, tickTexts } from '../../../src/dashboard/page/chart/ticks.js';
import { shareOf, shownSpan } from '../../../src/pure/span.js';
import type { Curve } from '../../../src/dashboard/page/curves/curve.js';

const curve = (run: string, y: readonly (number | null)[], nonFinite: Curve['nonFinite'] = []): Curve => ({
  ...{
    run,
    metric: 'loss',
    x: y.map((_, index) => index),
    y,
    nonFinite,
    values: y.length,
    isExact: true,
    stretches: [],
  },
});
const options = { title: 'loss', xTitle: 'step', isLog: false, smoothing: 0, colourOf: () => '#123456' };
const look = { width: 400, height: 300, ink: '#000', faint: '#ccc', paper: '#fff' };
const pathsIn = (svg: string): string[] =>
  [...svg.matchAll(/<path d="([^"]*)"/g)].map(([, path]) => path ?? '');

describe('a line of a chart', () => {
  it('ends at its last value, whatever that is', () => {
    const ends = [
      curve('a', [0, 7]),
      curve('a', [1, null], [[1, 'NaN']]),
      curve('a', [null, 2], [[0, 'NaN']]),
    ];
    const last = (each: Curve): unknown => lastValue(figureOf([each], options).strokes[0]!);
    expect([...ends, curve('a', []), curve('a', [null], [[0, 'Infinity']])].map(last)).toEqual([
      ...[7, 'NaN', 2, undefined, 'Infinity'],
    ]);
  });
});

describe('a chart as CSV', () => {
  it('has a row for each value, what is no finite number by its name', () => {
    const figure = figureOf([curve('a/b', [1, null, 3], [[1, 'Infinity']])], options);
    expect(csvOf(figure)).toBe('run,step,loss\r\na/b,0,1\r\na/b,1,Infinity\r\na/b,2,3\r\n');
  });

  it('has the least and greatest of a group beside its mean, and no row where a line is but interrupted', () => {
    const figure = figureOf([curve('a/b', [1, 2]), curve('a/c', [3, 6])], {
      ...options,
      groupOf: () => 'lr = 1',
    });
    expect(csvOf(figure)).toBe(
      'run,step,loss,min,max\r\nlr = 1 (2 runs),0,2,1,3\r\nlr = 1 (2 runs),1,4,2,6\r\n',
    );
    const dots = { name: 'dots', colour: '#000', x: [0, 0, 1], y: [null, 5, null], marks: [] };
    expect(csvOf({ ...figure, strokes: [dots] })).toBe('run,step,loss\r\ndots,0,5\r\n');
  });

  it('says that its lines are a sample, where they are, and of how many values', () => {
    const sample: Curve = { ...curve('a/b', [1, 2]), values: 1000, isExact: false };
    expect(csvOf(figureOf([sample], options))).toBe(
      'run,step,loss (a sample of 1000 values: expman export has all)\r\na/b,0,1\r\na/b,1,2\r\n',
    );
    const long = curve(
      'a/b',
      Array.from({ length: 1500 }, (_, at) => at),
    );
    expect(csvOf(figureOf([long], options))).not.toContain('sample');
    expect(csvOf(figureOf([long], { ...options, groupOf: () => 'g' }))).toContain('a sample of 1500 values');
  });

  it('has what was smoothed beside what it was', () => {
    const figure = figureOf([curve('a/b', [1, 2])], { ...options, smoothing: 0.5 });
    expect(csvOf(figure).split('\r\n')[0]).toBe('run,step,loss (smoothed),loss');
    expect(csvOf(figure).split('\r\n')[2]).toMatch(/^a\/b,1,1\.6\d*,2$/);
  });

  it('is no formula, whatever a run is called', () => {
    const figure = figureOf([curve('=HYPERLINK("x"),1', [1])], options);
    expect(csvOf(figure)).toContain('"\'=HYPERLINK(""x""),1",0,1');
  });
});

describe('a chart as SVG', () => {
  it('names 30 of its lines, and says how many it does not', () => {
    const many = Array.from({ length: 35 }, (_, at) => curve(`exp/run-${at}`, [at]));
    const svg = svgOf(figureOf(many, options), null, look);
    expect(svg.match(/exp\/run-/g)).toHaveLength(30);
    expect(svg).toContain('>and 5 more lines</text>');
    expect(svgOf(figureOf(many.slice(0, 30), options), null, look)).not.toContain('more lines');
  });

  it('has a line for each run, broken where a value is no finite number', () => {
    const svg = svgOf(figureOf([curve('a/b', [1, 2, null, 4, 5])], options), null, look);
    const [path] = pathsIn(svg);
    expect(path?.match(/M/g)).toHaveLength(2);
    expect(path?.match(/L/g)).toHaveLength(2);
  });

  it('has every point of the greatest x', () => {
    const epochs = { ...curve('a/b', [1, 2, 3, 4, 5]), x: [0, 1, 1, 1, 1] };
    const svg = svgOf(figureOf([epochs], options), null, look);
    expect(pathsIn(svg)[0]?.match(/[ML]/g)).toHaveLength(5);
  });

  it('shows only what is zoomed to, and the points next to it', () => {
    const svg = svgOf(figureOf([curve('a/b', [1, 2, 3, 4, 5, 6])], options), { from: 2.2, to: 3.5 }, look);
    expect(pathsIn(svg)[0]?.match(/[ML]/g)).toHaveLength(3);
  });

  it('has names as text, whatever is in them', () => {
    const figure: Figure = {
      ...{ title: '<script>alert("1")</script>\u0000', xTitle: 'a&b', isLog: false },
      strokes: [{ name: '"><b>', colour: '#000', x: [0, 1], y: [0, 1], marks: [] }],
    };
    const svg = svgOf(figure, null, look);
    expect(svg).not.toMatch(/<script|<b>|\u0000/);
    expect(svg).toContain('&lt;script&gt;');
    expect(svg).toContain('a&amp;b');
  });

  it('on a logarithmic axis leaves out what is not above zero', () => {
    const svg = svgOf(figureOf([curve('a/b', [0, 1, 10])], { ...options, isLog: true }), null, look);
    expect(pathsIn(svg)[0]?.match(/[ML]/g)).toHaveLength(2);
    expect(svg).not.toContain('NaN');
  });
});

describe('a figure', () => {
  it('of groups has one line and one band each, in the colour of its first run', () => {
    const figure = figureOf([curve('a', [0, 2]), curve('b', [2, 4]), curve('c', [9, 9])], {
      ...options,
      colourOf: (run) => `colour of ${run}`,
      groupOf: (run) => (run === 'c' ? '' : 'lr = 1'),
    });

    expect(figure.strokes.map(({ name, colour }) => [name, colour])).toEqual([
      ['lr = 1 (2 runs)', 'colour of a'],
      ['without (1 run)', 'colour of c'],
    ]);
    expect(figure.strokes[0]).toMatchObject({ y: [1, 3], band: { min: [0, 2], max: [2, 4] } });
  });
});

describe('ticks', () => {
  it.each([
    [0, 10, [0, 2, 4, 6, 8, 10]],
    [0.1, 0.35, [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]],
    [-1, 1, [-1, -0.5, 0, 0.5, 1]],
    [1767225600000, 1767225600003, [0, 1, 2, 3].map((ms) => 1767225600000 + ms)],
    [1e300, 3e300, [1e300, 1.5e300, 2e300, 2.5e300, 3e300]],
    [0, 2e-300, [0, 5e-301, 1e-300, 1.5e-300, 2e-300]],
  ])('from %d to %d are round', (from, to, expected) => {
    expect(ticks({ from, to }, 5)).toEqual(expected);
  });

  it.each([
    [[0, 0.5, 1], '0 0.5 1.0'],
    [[123456.7, 123456.72, 123456.74], '123,456.70 123,456.72 123,456.74'],
    [[1767225600000, 1767225600001], '1,767,225,600,000 1,767,225,600,001'],
    [[24.815e9, 24.82e9, 24.825e9], '24.815e9 24.820e9 24.825e9'],
    [[0.994, 0.9945], '0.9940 0.9945'],
    [[100_000, 200_000, 300_000], '100,000 200,000 300,000'],
    [[2.5e-7, 5e-7], '250e-9 500e-9'],
    [[1e300, 2e300], '1e300 2e300'],
    [[-1e-300, 0, 1e-300], '-1e-300 0 1e-300'],
    [[0.0001, 0.01, 1, 100], '1e-4 0.01 1 100'],
  ])('%j read %s', (values, expected) => {
    expect(tickTexts(values).join(' ').replaceAll('\u202f', ',')).toBe(expected);
  });

  it('read differently, whatever they are', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
    fc.assert(
      fc.property(finite, finite, (one, other) => {
        const span = { from: Math.min(one, other), to: Math.max(one, other) };
        fc.pre(span.to - span.from > Math.max(Math.abs(one), Math.abs(other), 1e-290) * 1e-12);
        const texts = tickTexts(ticks(span, 6));
        expect(texts.length).toBeGreaterThan(1);
        expect(new Set(texts).size).toBe(texts.length);
      }),
    );
  });

  it('are few, in order and within what is shown, wherever that is', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const near = fc.tuple(finite, fc.integer({ min: 0, max: 300 })).map(([from, ulps]) => {
      const to = from + ulps * Number.EPSILON * Math.abs(from);
      return { from, to: Number.isFinite(to) ? to : from };
    });
    const any = fc.oneof(
      near,
      fc
        .tuple(finite, finite)
        .map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) })),
    );
    fc.assert(
      fc.property(any, fc.integer({ min: 2, max: 40 }), (span, about) => {
        const shown = shownSpan(span);
        const values = ticks(shown, about);
        expect(values.length).toBeGreaterThan(0);
        expect(values.length).toBeLessThanOrEqual(50);
        values.forEach((value, index) => {
          if (index > 0) expect(value).toBeGreaterThan(values[index - 1] ?? NaN);
          expect(shareOf(shown, value)).toBeGreaterThan(-0.02);
          expect(shareOf(shown, value)).toBeLessThan(1.02);
        });
        expect(tickTexts(values)).toHaveLength(values.length);
        // What is not made long enough first gets few ticks or none, but an answer.
        expect(ticks(span, about).length).toBeLessThanOrEqual(50);
      }),
      { numRuns: 1000, seed: 9 },
    );
  });

  it.each([
    [2 ** 53 - 2, 2 ** 53 - 1],
    [1, 1 + Number.EPSILON],
    [0, Number.MIN_VALUE],
    [-1e308, 1e308],
    [Number.MAX_VALUE, Number.MAX_VALUE],
  ])('from %d to %d read differently once they are shown', (from, to) => {
    const texts = tickTexts(ticks(shownSpan({ from, to }), 8));
    expect(texts.length).toBeGreaterThan(2);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('on a logarithmic axis end, whatever the stretch', () => {
    for (const [from, to] of [
      [Number.MIN_VALUE, Number.MAX_VALUE],
      [1, 1 + Number.EPSILON],
      [0, 1],
      [5, 5],
    ] as const)
      expect(logTicks({ from, to }, 6).length).toBeLessThanOrEqual(50);
  });

  it('on a logarithmic axis are powers of ten, more between where there is room', () => {
    expect(logTicks({ from: 0.9, to: 1200 }, 6)).toEqual([1, 10, 100, 1000]);
    expect(logTicks({ from: 0.9, to: 21 }, 6)).toEqual([1, 2, 5, 10, 20]);
    expect(logTicks({ from: 1e-300, to: 1e300 }, 3)).toEqual([1e-200, 1, 1e200]);
    expect(logTicks({ from: 0.994, to: 0.996 }, 4)).toEqual([0.994, 0.9945, 0.995, 0.9955, 0.996]);
  });
});

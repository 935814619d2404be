import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpmanError } from '../../src/model/errors.js';
import { type Histogram, type HistogramInput, histogram, parseHistogram } from '../../src/model/histogram.js';

function histogramOf(values: HistogramInput, bins?: number): Histogram {
  const parsed = parseHistogram(histogram(values, { bins }));
  if (parsed === null) throw new Error('what was made cannot be read');
  return parsed;
}

/** A histogram of whatever a JavaScript caller passes. */
const made = (values: unknown, options?: unknown): unknown =>
  Reflect.apply(histogram, null, [values, options]);
const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

describe('a histogram', () => {
  it('has thirty bins of one width between the least and the greatest value', () => {
    const { edges, counts, min, max, mean, count } = histogramOf(
      Array.from({ length: 301 }, (_, at) => at / 10),
    );
    expect([edges.length, counts.length, min, max, count]).toEqual([31, 30, 0, 30, 301]);
    expect(edges).toEqual(Array.from({ length: 31 }, (_, at) => expect.closeTo(at, 9) as number));
    expect(counts.slice(0, -1).every((amount) => amount === 10)).toBe(true);
    // The greatest value is in the last bin.
    expect(counts.at(-1)).toBe(11);
    expect(mean).toBeCloseTo(15, 9);
  });

  it('counts every finite value in the bin between whose edges it is, whatever the values are', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1 }), fc.integer({ min: 1, max: 60 }), (values, bins) => {
        const { edges, counts, min, max, count, mean } = histogramOf(values, bins);
        expect(count).toBe(values.length);
        expect(min).toBe(Math.min(...values) + 0);
        expect(max).toBe(Math.max(...values) + 0);
        expect(mean).toBeGreaterThanOrEqual(min ?? NaN);
        expect(mean).toBeLessThanOrEqual(max ?? NaN);
        expect(edges).toEqual([...edges].sort((a, b) => a - b));
        const last = counts.length - 1;
        expect(counts).toEqual(
          counts.map((_, bin) => {
            const [low = NaN, high = NaN] = [edges[bin], edges[bin + 1]];
            // Of bins without a width, the last of them has the value.
            return values.filter(
              (value) => value >= low && (value < high || (bin === last && value === high)),
            ).length;
          }),
        );
      }),
    );
  });

  it('counts a value at an edge, or a hair below it, on its side of it', () => {
    const bound = fc.integer({ min: -1000, max: 1000 }).map((tenths) => tenths / 10);
    fc.assert(
      fc.property(bound, bound, fc.integer({ min: 2, max: 60 }), (min, max, bins) => {
        fc.pre(min < max);
        const { edges } = histogramOf([min, max], bins);
        const inner = edges.slice(1, -1);
        const below = inner.map((edge) => edge - Math.abs(edge) * Number.EPSILON - Number.MIN_VALUE);
        const { counts } = histogramOf([min, max, ...inner, ...below], bins);
        // Each bin has its lower edge and the value below its upper one, the last has its upper edge.
        expect(counts).toEqual(counts.map(() => 2));
      }),
    );
  });

  it('has one bin for values that are all the same, and none for no values', () => {
    expect(histogramOf([2, 2, 2])).toMatchObject({ edges: [2, 2], counts: [3], min: 2, max: 2, mean: 2 });
    expect(histogramOf([])).toMatchObject({
      edges: [],
      counts: [],
      min: null,
      max: null,
      mean: null,
      count: 0,
    });
  });

  it('counts NaN, infinities and what is no number apart', () => {
    const values = [1, NaN, Infinity, -Infinity, Infinity, 2];
    expect(histogramOf(values, 2)).toMatchObject({ counts: [1, 1], count: 2, nan: 1, posInf: 2, negInf: 1 });
    expect(made(['1', null, undefined, {}])).toMatch(/"count":0,"nan":4/);
    expect(made([, 1])).toMatch(/"count":1,"nan":1/);
  });

  it('takes typed arrays, bigints too', () => {
    expect(histogramOf(new Float32Array([0, 1, 1]), 2).counts).toEqual([1, 2]);
    expect(histogramOf(new Uint8Array([0, 255]), 2).edges).toEqual([0, 127.5, 255]);
    expect(histogramOf(new BigInt64Array([-4n, 4n]), 2)).toMatchObject({ counts: [1, 1], min: -4, max: 4 });
  });

  it('stays exact where the width is beyond all doubles', () => {
    const { edges, counts, mean } = histogramOf([-Number.MAX_VALUE, 0, Number.MAX_VALUE], 2);
    expect(edges).toEqual([-Number.MAX_VALUE, 0, Number.MAX_VALUE]);
    expect(counts).toEqual([1, 2]);
    expect(mean).toBe(0);
    expect(histogramOf([Number.MAX_VALUE, Number.MAX_VALUE, 0]).mean).toBeCloseTo(1.198e308, -306);
  });

  it('takes counts that are ready, with edges or with upper limits', () => {
    expect(histogramOf({ edges: [0, 1, 3], counts: [4, 5] })).toMatchObject({
      edges: [0, 1, 3],
      counts: [4, 5],
      count: 9,
      min: null,
      mean: null,
    });
    expect(
      histogramOf({ limits: new Float64Array([1, 2, 3]), counts: new Int32Array([1, 2, 3]) }),
    ).toMatchObject({
      edges: [0, 1, 2, 3],
      counts: [1, 2, 3],
    });
  });

  it.each([
    ['a text', 'nonsense'],
    ['nothing', undefined],
    ['a number', 3],
    ['a view without numbers', new DataView(new ArrayBuffer(8))],
    ['too few edges', { edges: [0, 1], counts: [1, 2] }],
    ['edges that go back', { edges: [0, 2, 1], counts: [1, 2] }],
    ['a negative count', { edges: [0, 1], counts: [-1] }],
    ['an edge without an end', { edges: [0, Infinity], counts: [1] }],
    ['counts alone', { counts: [1] }],
    [
      'too many bins',
      { edges: Array.from({ length: 10_002 }, (_, at) => at), counts: new Array(10_001).fill(0) },
    ],
  ])('is not made of %s', (_, values) => {
    expect(() => made(values)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
  });

  it.each([0, 1.5, 1001, NaN, '30'])('has no %s bins', (bins) => {
    expect(() => made([1], { bins })).toThrow(ExpmanError);
    expect(() => made([1], { bins })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option: 'bins' }),
    );
  });

  it('leaves what it is made of as it was', () => {
    const values = Object.freeze([3, 1, 2]);
    histogram(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('a histogram that is read', () => {
  it('is what was made, for all values', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (values) => {
        const text = histogram(values);
        const parsed = parseHistogram(text);
        expect(JSON.stringify(parsed)).toBe(text);
        expect(sumOf(parsed?.counts ?? [])).toBe(parsed?.count);
      }),
    );
  });

  it('is null for what is none, and never an exception', () => {
    const text = histogram([1, 2, 3]);
    for (let length = 0; length < text.length; length++)
      expect(parseHistogram(text.slice(0, length))).toBeNull();
    for (const other of [
      '',
      '{}',
      'null',
      '[]',
      '"x"',
      '{"edges":[1],"counts":[]}',
      '{"edges":[0,1],"counts":["1"],"count":1}',
    ])
      expect(parseHistogram(other)).toBeNull();
    for (const other of [1, null, undefined, {}, `${text} `.repeat(100_000)])
      expect(parseHistogram(other)).toBeNull();
    fc.assert(fc.property(fc.json(), (json) => void parseHistogram(json)));
  });

  it('knows only the parts of a histogram', () => {
    const hostile = '{"edges":[0,1],"counts":[1],"count":1,"__proto__":{"x":1},"more":2}';
    expect(Object.keys(parseHistogram(hostile) ?? {}).sort()).toEqual([
      'count',
      'counts',
      'edges',
      'max',
      'mean',
      'min',
      'nan',
      'negInf',
      'posInf',
    ]);
  });
});

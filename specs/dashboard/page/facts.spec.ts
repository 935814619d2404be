import fc from 'fast-check';
import { parseSort } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { axisOf } from '../../../src/dashboard/page/compare/axis.js';
import {
  bestValues,
  comparedRuns,
  dimensionsOf,
  paramNames,
  summaryNamesOf,
} from '../../../src/dashboard/page/compare/value-rows.js';
import { definedOver } from '../../../src/dashboard/page/facts/figures.js';
import {
  agoText,
  bytesText,
  digitsFor,
  digitsOn,
  durationText,
  numberText,
  valueText,
} from '../../../src/dashboard/page/facts/format.js';
import {
  type Column,
  columnText,
  drawnMetrics,
  fieldOf,
  flatParams,
  lostText,
  numberOf,
  parseColumn,
  STATISTICS,
  valueOf,
  statusText,
} from '../../../src/dashboard/page/facts/run-values.js';
import { seenSpace } from '../../../src/dashboard/page/facts/seen-space.js';

const text = fc.string({ minLength: 1, maxLength: 12 });
const column = fc.oneof(
  fc.record({ kind: fc.constantFrom('param' as const, 'summary' as const), name: text }),
  fc.record({ kind: fc.constant('metric' as const), name: text, statistic: fc.constantFrom(...STATISTICS) }),
);

describe('a column', () => {
  it('comes back from the address whatever its name', () => {
    fc.assert(
      fc.property(column, (each) => {
        expect(parseColumn(columnText(each))).toEqual(each);
      }),
    );
  });

  it.each(['', 'none', 'p:', 'm:median:loss', 'x:loss'])('is not made of %j', (each) => {
    expect(parseColumn(each)).toBeNull();
  });

  it('is a field that the server sorts by, whatever its name', () => {
    fc.assert(
      fc.property(column, (each: Column) => {
        fc.pre(each.name.split('.').length < 60);
        expect(() => parseSort(`-${fieldOf(each)}`)).not.toThrow();
      }),
    );
  });

  it('reads nested parameters, and names with dots', () => {
    const facts = {
      ...{ experiment: 'a', run: 'b', status: 'FINISHED' },
      params: { model: { depth: 3 }, 'opt.lr': 0.1 },
      metrics: { 'val.loss': { last: 1, min: 0.5 } },
    };
    expect(valueOf(facts, { kind: 'param', name: 'model.depth' })).toBe(3);
    expect(valueOf(facts, { kind: 'param', name: 'opt.lr' })).toBe(0.1);
    expect(valueOf(facts, { kind: 'metric', name: 'val.loss', statistic: 'min' })).toBe(0.5);
    expect(valueOf(facts, { kind: 'param', name: 'toString' })).toBeUndefined();
  });

  it('of a metric has the statistic that its definition chooses, of a summary its value', () => {
    const facts = {
      ...{ experiment: 'a', run: 'b', status: 'FINISHED' },
      metrics: { 'val/loss': { last: 3, min: 1, max: 9 }, acc: { last: 0.5, max: 0.9 }, text: { last: 'x' } },
      summary: { 'pass.rate': 0.88, ok: true },
      definitions: {
        'val/*': { goal: 'min' as const, summary: 'best' as const },
        '*': { summary: 'max' as const },
      },
    };
    const metric = (name: string, statistic: (typeof STATISTICS)[number]): unknown =>
      valueOf(facts, { kind: 'metric', name, statistic });
    expect([metric('val/loss', 'figure'), metric('acc', 'figure'), metric('text', 'figure')]).toEqual([
      1,
      0.9,
      'x',
    ]);
    expect([metric('val/loss', 'best'), metric('acc', 'best'), metric('val/loss', 'last')]).toEqual([
      1,
      undefined,
      3,
    ]);
    expect(valueOf(facts, { kind: 'summary', name: 'pass.rate' })).toBe(0.88);
    expect(valueOf(facts, { kind: 'summary', name: '__proto__' })).toBeUndefined();
    expect(numberOf(facts, { kind: 'summary', name: 'ok' })).toBe(1);
    expect(fieldOf({ kind: 'metric', name: 'acc', statistic: 'figure' })).toBe('metrics.acc');
    expect(fieldOf({ kind: 'summary', name: 'pass.rate' })).toBe('summary.pass.rate');
  });

  it('names nested parameters by their way', () => {
    expect(flatParams({ a: { b: 1, c: [1, 2] }, d: null })).toEqual([
      ['a.b', 1],
      ['a.c', [1, 2]],
      ['d', null],
    ]);
  });
});

describe('definitions over several runs', () => {
  it('are those of the newest run that has one', () => {
    const run = (startedAt: string, goal: 'min' | 'max') => ({ startedAt, definitions: { loss: { goal } } });
    const defined = definedOver([
      run('2026-01-02', 'max'),
      run('2026-01-03', 'min'),
      run('2026-01-01', 'max'),
      { startedAt: '2026-01-04', definitions: { acc: { x: 'epoch' } } },
      {},
    ]);
    expect([defined('goal', 'loss'), defined('x', 'acc'), defined('goal', '__proto__')]).toEqual([
      'min',
      'epoch',
      undefined,
    ]);
  });
});

describe('metrics that have a curve', () => {
  it('are numbers and booleans, those that most runs have first', () => {
    const one = { ok: { last: true }, loss: { last: 1, min: 0 }, text: { last: 'x' }, bad: { nan: 2 } };
    const runs = [one, { loss: { last: 1 } }].map((metrics) => ({ metrics }));
    expect(drawnMetrics(runs)).toEqual(['loss', 'ok', 'bad']);
  });
});

describe('the status of a run', () => {
  it('has a question mark where nobody knows whether the run still runs', () => {
    expect(statusText({ status: 'FINISHED' })).toBe('FINISHED');
    expect(statusText({ status: 'RUNNING' })).toBe('RUNNING');
    expect(statusText({ status: 'RUNNING', owner: 'unsure' })).toBe('RUNNING?');
  });
});

describe('the space that runs are seen to be of', () => {
  it('has the range of numbers, by their logarithm where they reach far, and the distinct other values', () => {
    const columns = {
      lr: [1e-4, 1e-1, undefined],
      width: [8, 64, 32],
      kind: ['a', 'b', 'a'],
      mixed: [1, 'auto', 1],
      same: [1, 1, 1],
    };
    expect(seenSpace(columns)).toEqual({
      lr: { logUniform: [1e-4, 1e-1] },
      width: { uniform: [8, 64] },
      kind: { choice: ['a', 'b'] },
      mixed: { choice: [1, 'auto'] },
    });
  });
});

describe('an axis', () => {
  it('sets numbers out by size, and by their logarithm where they reach far', () => {
    expect([0, 5, 10].map(axisOf([0, 10]).placeOf)).toEqual([0, 0.5, 1]);
    const close = axisOf([1234567890, 1234567895]).ticks.map(({ text }) => text);
    expect(new Set(close).size).toBe(5);
    expect(axisOf([0.99412, 0.99418]).ticks.map(({ text }) => text)[1]).toBe('0.994135');
    expect(axisOf([0.001, 1]).placeOf(Math.sqrt(0.001))).toBeCloseTo(0.5);
  });

  it('gives each category its place, and none to what is absent', () => {
    const axis = axisOf(['sgd', 'adam', undefined]);
    expect(['adam', 'sgd', undefined].map(axis.placeOf)).toEqual([0, 1, null]);
    expect(axisOf([1, '1', 'a']).ticks).toHaveLength(3);
  });
});

describe('parameters of runs', () => {
  it('that differ are told from those that are the same', () => {
    const run = (params: Record<string, unknown>) => ({
      ...{ experiment: 'a', run: 'b', status: 'FINISHED' },
      params,
    });
    expect(paramNames([run({ lr: 1, seed: 1, deep: { x: 1 } }), run({ lr: 1, seed: 2 })])).toEqual({
      differ: ['deep.x', 'seed'],
      same: ['lr'],
    });
  });
});

describe('what runs are compared in', () => {
  it('is a parameter or a metric, though both have one name', () => {
    const { params, metrics } = dimensionsOf(['lr', 'seed'], ['loss', 'lr']);
    const run = {
      ...{ experiment: 'a', run: 'b', status: 'FINISHED', params: { lr: 0.1, seed: 1 } },
      metrics: { loss: { last: 2 }, lr: { last: 0.05 } },
    };

    const [{ values }] = comparedRuns(
      [run],
      { dimensions: [...params, ...metrics], statistic: 'last' },
      () => '',
    ) as [ReturnType<typeof comparedRuns>[0]];

    expect(params.map(({ key, title }) => [title, values.get(key)])).toEqual([
      ['lr (parameter)', 0.1],
      ['seed', 1],
    ]);
    expect(metrics.map(({ key, title }) => [title, values.get(key)])).toEqual([
      ['loss', 2],
      ['lr (metric)', 0.05],
    ]);
  });

  it('has the headlines of summaries first, and the best of a line by its goal', () => {
    const run = (name: string, summary: Record<string, unknown>, headline: string[] = []) => ({
      ...{ experiment: 'a', run: name, status: 'FINISHED', summary, headline },
    });
    const runs = [
      run('a', { cases: 3, rate: 0.5, lr: 1 }),
      run('b', { rate: 0.9, note: 'x' }, ['rate', 'gone']),
    ];
    expect(summaryNamesOf(runs)).toEqual(['rate', 'cases', 'lr', 'note']);
    const { summaries } = dimensionsOf(['lr'], [], summaryNamesOf(runs));
    expect(summaries.map(({ title }) => title)).toContain('lr (summary)');
    const rows = comparedRuns(runs, { dimensions: summaries, statistic: 'figure' }, () => '');
    const best = (name: string, goal: 'min' | 'max', of = rows): unknown[] => [
      ...bestValues(
        of,
        summaries.find((each) => each.name === name)!,
        goal,
      ),
    ];
    expect([best('rate', 'max'), best('rate', 'min'), best('note', 'max')]).toEqual([[0.9], [0.5], []]);
    // Alone, a value is the best of nothing.
    expect(best('rate', 'max', rows.slice(0, 1))).toEqual([]);
  });
});

describe('text', () => {
  it.each([
    [0, '0'],
    [1234567, '1\u202f234\u202f567'],
    [0.123456, '0.1235'],
    [0.000012345, '1.23e-5'],
    [12345678.9, '1.23e7'],
    [123456.78, '123457'],
    [1234567890, '1\u202f234\u202f567\u202f890'],
    [2 ** 53 - 1, '9\u202f007\u202f199\u202f254\u202f740\u202f991'],
    [NaN, 'NaN'],
    [-Infinity, '-∞'],
  ])('of %d is %s', (value, expected) => {
    expect(numberText(value)).toBe(expected);
  });

  it('of numbers beside each other has the digits that tell them apart', () => {
    const texts = (values: readonly unknown[]): string[] =>
      values.map((value) => valueText(value, digitsFor(values)));
    expect(texts([0.123456, 0.5])).toEqual(['0.12346', '0.5']);
    expect(texts([0.9941234, 0.9941235, 'x', undefined])).toEqual(['0.994123', '0.994124', 'x', '']);
    expect(texts([1.5e-7, 1.5000001e-7])).toEqual(['1.5e-7', '1.5000001e-7']);
    fc.assert(
      fc.property(fc.uniqueArray(fc.double(), { comparator: 'SameValueZero' }), (values) => {
        expect(new Set(texts(values)).size).toBe(values.length);
      }),
    );
  });

  it('on an axis has the digits that a place on it asks for', () => {
    expect(numberText(123456.7234, digitsOn(0.05, 123456.7234))).toBe('123456.7234');
    expect(numberText(1767225600000.25, digitsOn(5000, 1767225600000.25))).toBe('1767225600000');
    expect(numberText(0.123456, digitsOn(1, 0.123456))).toBe('0.12346');
  });

  it('of a parameter is all of it', () => {
    expect(valueText(0.1)).toBe('0.1');
    expect(valueText(1.23456789e-5)).toBe('1.23456789e-5');
    expect(valueText(1e22)).toBe('1e22');
  });

  it('of any value is one line', () => {
    expect([null, true, 'a', [1, 'b'], { c: 1 }].map(valueText)).toEqual([
      '',
      'true',
      'a',
      '[1,"b"]',
      '{"c":1}',
    ]);
  });

  it('of durations, sizes and moments', () => {
    expect([120, 5400, 59_000, 200_000, 90_000_000].map(durationText)).toEqual([
      '120 ms',
      '5.4\u202fs',
      '59\u202fs',
      '3m 20s',
      '1d 1h',
    ]);
    expect([0, 999, 1500, 25_000_000].map(bytesText)).toEqual([
      '0\u202fB',
      '999\u202fB',
      '1.5\u202fkB',
      '25\u202fMB',
    ]);
    const now = Date.parse('2026-01-02T00:00:00Z');
    expect(agoText('2026-01-01T21:00:00Z', now)).toBe('3 h ago');
  });
});

describe('what a run has lost', () => {
  const loss = { calls: 12, isAtMost: false, others: 0, file: 'wal-0-1.log' };

  it('is said in calls and other records, with the files where that was seen', () => {
    expect(lostText([])).toBeUndefined();
    expect(lostText([loss])).toBe('12 calls (wal-0-1.log)');
    expect(lostText([{ ...loss, calls: 1, file: '' }])).toBe('1 call');
    expect(lostText([loss, { ...loss, isAtMost: true, others: 3 }])).toBe(
      'at most 24 calls and 3 other records (wal-0-1.log)',
    );
    expect(lostText(['a', 'b', 'c', 'd', 'e'].map((file) => ({ ...loss, calls: 0, others: 1, file })))).toBe(
      '5 other records (a, b, c and 2 more)',
    );
  });
});

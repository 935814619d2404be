import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../src/model/run-facts.js';
import { parseSort } from '../../../src/reader/where/parse-sort.js';
import { factsOf } from './facts.js';

const named = (run: string, over: Partial<RunFacts> = {}): RunFacts => factsOf({ run, ...over });
const loss = (last: number | bigint | string): Partial<RunFacts> => ({
  metrics: new Map([['loss', { last, count: 1 }]]),
});
const sorted = (runs: readonly RunFacts[], order: string): string =>
  [...runs]
    .sort(parseSort(order))
    .map(({ run }) => run)
    .join('');

describe('an order of runs', () => {
  const runs = [
    named('a', loss(NaN)),
    named('b', loss('text')),
    named('c', { metrics: new Map() }),
    named('d', loss(2n)),
    named('e', loss(1.5)),
    named('f', loss(-Infinity)),
  ];

  it('has numbers, then text, then NaN, then what is absent', () => {
    expect(sorted(runs, 'metrics.loss')).toBe('fedbac');
  });

  it('has NaN and what is absent last in the other direction too', () => {
    expect(sorted(runs, '-metrics.loss.last')).toBe('defbac');
  });

  it('is by a parameter of an empty name, or of a dot, where that is quoted', () => {
    const nameless = [named('a', { params: { '': 2, '.': 1 } }), named('b', { params: { '': 1, '.': 2 } })];
    expect([sorted(nameless, 'params.""'), sorted(nameless, 'params."".""')]).toEqual(['ba', 'ab']);
    expect(() => parseSort('params.')).toThrow('the name of the param is missing');
  });

  it('goes on to the next field where the first says nothing', () => {
    const many = [named('b', { rows: 1 }), named('a', { rows: 1 }), named('c', { rows: 2 })];
    expect(sorted(many, '-rows, run')).toBe('cab');
    expect(sorted(many, 'rows,-run')).toBe('bac');
  });

  it('compares moments, however they are written', () => {
    const many = [
      named('a', { startedAt: '2026-01-01T12:00:00+02:00' }),
      named('b', { startedAt: '2026-01-01T11:00:00Z' }),
    ];
    expect(sorted(many, '-startedAt')).toBe('ba');
  });

  it('keeps an unsortable name in quotes, sign and comma included', () => {
    expect(
      sorted([named('a', { params: { 'x,-y': 2 } }), named('b', { params: { 'x,-y': 1 } })], 'params."x,-y"'),
    ).toBe('ba');
  });

  it.each([
    ['metrics', 1, 'metrics.<name>'],
    ['rows,-stats', 7, 'did you mean status?'],
    ['rows desc', 6, 'a comma or the end'],
    ['-', 2, 'unknown field'],
    ['-stats', 2, 'did you mean status?'],
    ['tags', 1, 'tags are a list'],
    ['', 1, 'a field such as'],
  ])('that cannot be understood says where: %s', (text, place, what) => {
    expect(() => parseSort(text)).toThrow(expect.objectContaining({ code: 'INVALID_FILTER' }));
    expect(() => parseSort(text)).toThrow(what);
    expect(() => parseSort(text)).toThrow(`at character ${place}\n`);
  });
});

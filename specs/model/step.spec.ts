import { describe, expect, it } from 'vitest';
import { parseStep, stepRule } from '../../src/model/step.js';

describe('a step', () => {
  it.each([
    ['a whole number', 5, 5],
    ['a bigint that a number holds exactly', 5n, 5],
    ['the largest such bigint', 2n ** 53n - 1n, 2 ** 53 - 1],
    ['the first bigint beyond', 2n ** 53n, 2n ** 53n],
    ['the smallest of 64 bits', -(2n ** 63n), -(2n ** 63n)],
  ])('may be %s', (_, given, step) => {
    expect(parseStep(given)).toBe(step);
  });

  it.each([
    [0.5, 'a step must be a whole number, not a fraction'],
    [NaN, 'a step must be a whole number, not NaN'],
    [-Infinity, 'a step must be a whole number, not -Infinity'],
    [2 ** 53, 'a step beyond 2^53 must be a bigint: a number is not exact there'],
    [2n ** 63n, 'a bigint step must fit into 64 bits'],
    ['12', 'a step must be a number or a bigint, not string'],
    [true, 'a step must be a number or a bigint, not boolean'],
    [[1], 'a step must be a number or a bigint, not array'],
  ])('is not %s, and the rule says why', (given, rule) => {
    expect([parseStep(given), stepRule(given)]).toEqual([undefined, rule]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dominates, paretoFront } from '../../src/pure/pareto-front.js';
import { frontOf, violationOf } from '../../src/pure/sweep-front.js';

const loss = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(Infinity, -Infinity, -0, 0.5));
const lists = (metrics: number) =>
  fc.array(fc.array(loss, { minLength: metrics, maxLength: metrics }), { maxLength: 30 });

describe('a Pareto front', () => {
  it.each([1, 2, 3])('of %i metrics is what nothing dominates, in the given order', (metrics) => {
    fc.assert(
      fc.property(lists(metrics), (all) => {
        const expected = all.filter((own) => !all.some((other) => dominates(other, own)));
        expect(paretoFront(all, (each) => each)).toEqual(expected);
      }),
      { seed: 5 },
    );
  });

  it('of 100,000 equal trials is found without comparing all with all', () => {
    let compared = 0;
    const counted = Array.from({ length: 100_000 }, () => [{ valueOf: () => (compared++, 1) }]);
    expect(paretoFront(counted as never as number[][], (each) => each.map(Number))).toHaveLength(100_000);
    expect(compared).toBe(100_000);
  });
});

describe('the front of a sweep', () => {
  const plan = {
    mode: 'min',
    metrics: [{ mode: 'min' }, { mode: 'max' }],
    constraints: [
      { metric: 'latency', max: 10 },
      { metric: 'share', min: 0.5 },
    ],
  } as const;
  const trial = (values: readonly number[], constraintValues?: readonly number[], status = 'finished') => ({
    ...{ status, value: values[0] ?? null, values, constraintValues },
  });

  it('has finished trials alone that keep the constraints and have all values', () => {
    const kept = trial([2, 5], [10, 0.5]);
    const all = [
      kept,
      trial([1, 9], [10.5, 0.5]),
      trial([1, 9], [1, 0.4]),
      trial([1, 9]),
      trial([1, 9], [1]),
      trial([1, 9], [NaN, 1]),
      trial([1], [1, 1]),
      trial([1, NaN], [1, 1]),
      trial([1, 9], [1, 1], 'stopped'),
      trial([3, 5], [1, 1]),
    ];
    expect(frontOf(plan, all)).toEqual([kept]);
    expect(frontOf({ mode: 'max' }, [trial([1]), trial([3]), trial([3])])).toEqual([trial([3]), trial([3])]);
  });

  it('adds up what breaks the constraints, and knows what it does not know', () => {
    const broken = (...constraintValues: number[]) => violationOf(plan, { constraintValues });
    expect([
      broken(12, 0.25),
      broken(10, 0.5),
      broken(Infinity, 1),
      broken(-Infinity, Infinity),
      broken(12),
      violationOf(plan, {}),
    ]).toEqual([2.25, 0, Infinity, 0, null, null]);
    expect(violationOf({ mode: 'min' }, {})).toBe(0);
  });
});

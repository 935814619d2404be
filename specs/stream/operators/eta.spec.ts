import fc from 'fast-check';
import { type Observable, of } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { LiveSnapshot } from '../../../src/model/live.js';
import { type Eta, type EtaOptions, eta } from '../../../src/stream/operators/eta.js';
import { emitted, invalid, picture, point } from './rig.js';

/** A clock that is at the next of these times whenever it is read. */
const clockAt = (...times: readonly number[]): Required<Pick<EtaOptions, 'scheduler'>> => {
  const left = [...times];
  return { scheduler: { now: () => left.shift() ?? NaN } };
};

const rests = (etas: readonly Eta[]): (number | null)[] => etas.map(({ remainingMs }) => remainingMs);

describe('an estimate of the end', () => {
  it('is there from the second value on, and is 0 when the total is reached', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  a----b----c|', { a: 0, b: 5, c: 10 });
      const subs = '        ^----------!';
      const expected = '    x----y----z|';
      expectObservable(source.pipe(eta(10))).toBe(expected, {
        x: { done: 0, total: 10, fraction: 0, remainingMs: null, at: null },
        y: { done: 5, total: 10, fraction: 0.5, remainingMs: 5, at: 10 },
        z: { done: 10, total: 10, fraction: 1, remainingMs: 0, at: 10 },
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('is exact for a steady pace, however often it is told', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 1000 }), (steps, msPerUnit) => {
        const done = steps.reduce<number[]>((sums, gap) => [...sums, sums.at(-1)! + gap], [0]);
        const total = done.at(-1)! + 100;
        const clock = clockAt(...done.map((count) => count * msPerUnit));
        emitted(done, eta(total, clock)).forEach(({ remainingMs, done: count }, at) => {
          if (at === 0) expect(remainingMs).toBeNull();
          else expect(remainingMs! / ((total - count) * msPerUnit)).toBeCloseTo(1, 9);
        });
      }),
    );
  });

  it('counts what is a half-life old by half', () => {
    const options = { halfLifeMs: 1000, ...clockAt(0, 1000, 2000) };
    // Half of 10 and all of 30, in half of one second and all of another; 35 are left.
    expect(rests(emitted([0, 10, 40], eta(75, options)))).toEqual([null, 6500, 1500]);
  });

  it('is unknown while nothing gets done, and when no time went by', () => {
    expect(rests(emitted([3, 3, 3], eta(9, clockAt(0, 10, 20))))).toEqual([null, null, null]);
    expect(rests(emitted([3, 4, 5], eta(9, { halfLifeMs: 1e300, ...clockAt(7, 7, 17) })))).toEqual([
      null,
      null,
      20,
    ]);
    expect(rests(emitted([3, 4], eta(9, clockAt(7, 5))))).toEqual([null, null]);
  });

  it('is 0 for a first value that is at its end, or beyond it', () => {
    expect(emitted([12], eta(9, clockAt(5)))).toEqual([
      { done: 12, total: 9, fraction: 1, remainingMs: 0, at: 5 },
    ]);
  });

  it('begins anew when progress goes back', () => {
    expect(rests(emitted([0, 50, 10, 20], eta(100, clockAt(0, 10, 20, 40))))).toEqual([null, 10, null, 160]);
  });

  it('passes over what is no progress', () => {
    const steps = [point(null, 1), point(2, 1), point(4, 1)];
    expect(emitted(steps, eta(10, clockAt(0, 2))).map(({ done }) => done)).toEqual([2, 4]);
    expect(emitted([NaN, Infinity, 1], eta(10, clockAt(0))).map(({ done }) => done)).toEqual([1]);
  });

  it('takes counts, points and live snapshots, and both of its answers or none are null', () => {
    expectTypeOf(of(1).pipe(eta(9))).toEqualTypeOf<Observable<Eta>>();
    expectTypeOf(of(point(1, 1)).pipe(eta(9))).toEqualTypeOf<Observable<Eta>>();
    expectTypeOf<LiveSnapshot>().toExtend<
      Parameters<ReturnType<typeof eta>>[0] extends Observable<infer P> ? P : never
    >();
    const isSoon = (estimate: Eta): number => (estimate.remainingMs === null ? 0 : estimate.at);
    expect(isSoon(emitted([9], eta(9, clockAt(5)))[0]!)).toBe(5);
  });

  it.each([
    ['total', 0, {}],
    ['total', -1, {}],
    ['total', NaN, {}],
    ['total', Infinity, {}],
    ['halfLifeMs', 1, { halfLifeMs: 0 }],
    ['scheduler', 1, { scheduler: null }],
    ['options', 1, null],
  ])('takes no wrong %s: %s, %o', (option, total, options) => {
    expect(() => eta(total, options as EtaOptions)).toThrow(invalid(option));
  });
});

import { type Observable, of } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type RateOptions, rate } from '../../../src/stream/operators/rate.js';
import { emitted, invalid, picture } from './rig.js';

describe('a rate', () => {
  it('is told from the second value on, by the distance to the one before', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a---b-c---------|');
      const subs = '        ^----------------!';
      const expected = '    -----x-y---------|';
      expectObservable(source.pipe(rate())).toBe(expected, { x: 250, y: 500 });
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('counts values of one moment together, and is never infinite', () => {
    picture(({ hot, expectObservable }) => {
      const source = hot('  (abc)-(de)|');
      const expected = '    ------x---|';
      expectObservable(source.pipe(rate())).toBe(expected, { x: 500 });
    });
  });

  it('reads the clock it is given, and begins anew when that is set back', () => {
    const times = [1000, 1100, 500, 600];
    const scheduler = { now: (): number => times.shift() ?? NaN };
    expect(emitted('abcd', rate({ scheduler }))).toEqual([10, 10]);
  });

  it('takes anything and gives numbers', () => {
    expectTypeOf(of('a').pipe(rate())).toEqualTypeOf<Observable<number>>();
  });

  it.each([
    ['scheduler', { scheduler: 5 }],
    ['scheduler', { scheduler: {} }],
    ['options', null],
  ])('takes no wrong %s: %o', (option, options) => {
    expect(() => rate(options as RateOptions)).toThrow(invalid(option));
  });
});

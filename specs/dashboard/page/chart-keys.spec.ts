import { describe, expect, it } from 'vitest';
import { viewByKey } from '../../../src/dashboard/page/chart/keys.js';
import { ticks } from '../../../src/dashboard/page/chart/ticks.js';
import type { Span } from '../../../src/pure/span.js';

const SEEN = { from: 100, to: 200 };

describe('a key on a chart', () => {
  it('moves by a fifth of what is seen', () => {
    expect(viewByKey(SEEN, 'ArrowLeft')).toEqual({ from: 80, to: 180 });
    expect(viewByKey(SEEN, 'ArrowRight')).toEqual({ from: 120, to: 220 });
  });

  it('zooms in, and back to where it was', () => {
    const near = viewByKey(SEEN, '+');
    expect(near).toEqual({ from: 120, to: 180 });
    const back = near === null || near === undefined ? near : viewByKey(near, '-');
    expect(back?.from).toBeCloseTo(100);
    expect(back?.to).toBeCloseTo(200);
  });

  it('zooms in to a least length, and out to all numbers there are', () => {
    for (const seen of [SEEN, { from: 2 ** 53, to: 2 ** 53 + 500 }, { from: 1, to: 1 + 1e-13 }]) {
      const [near, far] = ['+', '-'].map((key) => {
        let view: Span = seen;
        for (let press = 0; press < 3000; press++) view = viewByKey(view, key) ?? view;
        return view;
      });
      expect(ticks(near ?? SEEN, 8).length).toBeGreaterThan(2);
      expect(far).toEqual({ from: -Number.MAX_VALUE, to: Number.MAX_VALUE });
    }
  });

  it('shows all again, and means nothing where it is another one', () => {
    expect(viewByKey(SEEN, '0')).toBeNull();
    expect(viewByKey(SEEN, 'a')).toBeUndefined();
  });
});

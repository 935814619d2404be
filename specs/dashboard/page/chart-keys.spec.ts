import { describe, expect, it } from 'vitest';
import { viewByKey } from '../../../src/dashboard/page/chart/keys.js';

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

  it('shows all again, and means nothing where it is another one', () => {
    expect(viewByKey(SEEN, '0')).toBeNull();
    expect(viewByKey(SEEN, 'a')).toBeUndefined();
  });
});

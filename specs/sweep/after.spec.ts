import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { after } from '../../src/sweep/after.js';

const DAY_MS = 86_400_000;

describe('what is to be done after a time', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([0, 1, 2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, 100 * DAY_MS])('of %d ms is done then, once', (ms) => {
    const work = vi.fn();
    after(ms, work);
    if (ms > 0) vi.advanceTimersByTime(ms - 1);
    expect(work).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1 + 50 * DAY_MS);
    expect(work).toHaveBeenCalledOnce();
  });

  it('without an end is never done, and keeps no process', () => {
    after(Infinity, () => expect.fail('never'));
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([1, 30 * DAY_MS])('of %d ms is not done when it is called off', (ms) => {
    const callOff = after(ms, () => expect.fail('called off'));
    vi.advanceTimersByTime(ms / 2);
    callOff();
    expect(vi.getTimerCount()).toBe(0);
  });
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { CallerProbe } from '../../src/engine/process/caller-probe.js';
import type { CallerFacts } from '../../src/writer/thread/writer-messages.js';

afterEach(() => {
  vi.useRealTimers();
});

/** A probe in time that stands still until it is told to go on. */
function probing(): { readonly probe: CallerProbe; readonly told: CallerFacts[] } {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const told: CallerFacts[] = [];
  return { probe: new CallerProbe((facts) => told.push(facts)), told };
}

describe('the caller probe', () => {
  it('has a timer while a run asks, and none before and after', () => {
    const { probe } = probing();
    expect(vi.getTimerCount()).toBe(0);
    probe.watch(1, 1000);
    probe.watch(2, 500);
    expect(vi.getTimerCount()).toBe(1);
    probe.unwatch(1);
    probe.unwatch(1);
    probe.unwatch(3);
    expect(vi.getTimerCount()).toBe(1);
    probe.unwatch(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells how long the thread did not come to its timers, the whole of it', () => {
    const { probe, told } = probing();
    probe.watch(1, 100);
    for (const until = performance.now() + 300; performance.now() < until;);
    vi.advanceTimersByTime(100);
    expect(told).toHaveLength(1);
    expect(told[0]?.delayMaxMs).toBeGreaterThanOrEqual(200);
    expect(told[0]?.heapUsedBytes).toBeGreaterThan(1e6);
    expect(told[0]?.utilization).toBeGreaterThanOrEqual(0);
    // A block right after it was told is not lost, and what was told is not told again.
    for (const until = performance.now() + 200; performance.now() < until;);
    vi.advanceTimersByTime(100);
    expect(told).toHaveLength(2);
    expect(told[1]?.delayMaxMs).toBeGreaterThanOrEqual(100);
    probe.unwatch(1);
  });
});

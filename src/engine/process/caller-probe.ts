import { PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { CallerFacts } from '../../writer/thread/writer-messages.js';

/** The interval at which the delay of the event loop is measured. */
const TICK_MS = 100;

/**
 * Measures figures that only the caller's thread can know, at the shortest interval of all runs:
 * the load of its event loop, the delay of timers, the pauses of the garbage collector.
 *
 * Uses one timer that does not keep the process alive, and none while no run needs it. Node's own
 * histogram of delays cannot be used here: after each reset it leaves out the next interval, and
 * with it the long step of a training.
 */
export class CallerProbe {
  private readonly intervals = new Map<number, number>();
  private readonly gc = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) this.pauses.add(duration);
  });
  private timer: NodeJS.Timeout | undefined;
  private intervalMs = Infinity;
  private toldAt = 0;
  private tickedAt = 0;
  private loop = performance.eventLoopUtilization();
  private readonly delays = new Tally();
  private readonly pauses = new Tally();

  constructor(private readonly report: (facts: CallerFacts) => void) {}

  /** Starts to measure for a run. */
  watch(runId: number, intervalMs: number): void {
    this.intervals.set(runId, intervalMs);
    this.intervalMs = Math.min(...this.intervals.values());
    if (this.timer !== undefined) return;
    this.gc.observe({ entryTypes: ['gc'] });
    this.toldAt = this.tickedAt = performance.now();
    this.loop = performance.eventLoopUtilization();
    this.timer = setInterval(() => this.tick(), TICK_MS).unref();
  }

  /** Stops measuring for a closed run. */
  unwatch(runId: number): void {
    if (!this.intervals.delete(runId)) return;
    this.intervalMs = Math.min(...this.intervals.values());
    if (this.intervals.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.gc.disconnect();
  }

  private tick(): void {
    const now = performance.now();
    this.delays.add(Math.max(0, now - this.tickedAt - TICK_MS));
    this.tickedAt = now;
    // Report at the closest tick: half a tick early rather than a whole one late.
    if (now - this.toldAt < this.intervalMs - TICK_MS / 2) return;
    this.toldAt = now;
    const loop = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(loop, this.loop);
    this.loop = loop;
    const heap = getHeapStatistics();
    const delays = this.delays.drain();
    const pauses = this.pauses.drain();
    this.report({
      utilization,
      delayMeanMs: delays.count === 0 ? 0 : delays.sum / delays.count,
      delayMaxMs: delays.max,
      gcCount: pauses.count,
      gcPauseMs: pauses.sum,
      gcPauseMaxMs: pauses.max,
      heapUsedBytes: heap.used_heap_size,
      externalBytes: heap.external_memory,
    });
  }
}

/** Count, sum and maximum of some durations. */
class Tally {
  private count = 0;
  private sum = 0;
  private max = 0;

  add(ms: number): void {
    this.count++;
    this.sum += ms;
    if (ms > this.max) this.max = ms;
  }

  /** Returns the totals since the last call, and resets them. */
  drain(): { readonly count: number; readonly sum: number; readonly max: number } {
    const { count, sum, max } = this;
    this.count = this.sum = this.max = 0;
    return { count, sum, max };
  }
}

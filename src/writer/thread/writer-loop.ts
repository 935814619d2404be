import { WireWord } from '../../channel/chunk-layout.js';
import type { WriterCore } from './writer-core.js';

/** The number of polls without anything new after which polling backs off. */
const QUIET_POLLS = 50;
/** The interval of a backed-off poll, in case a wake-up was lost. */
const BACKED_OFF_MS = 1000;
// A timer fires up to a millisecond or two late; the interval is a promise.
const TIMER_LATENESS_MS = 2;

/**
 * The writer's main loop: drains every channel each `walIntervalMs`, feeds the second stage in
 * between, and backs off when idle.
 */
export class WriterLoop {
  private timer: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;
  private quietPolls = 0;
  private lastDrainAt = 0;
  private stopped = false;

  constructor(
    private readonly core: WriterCore,
    private readonly wire: Int32Array,
    /** False on the caller's thread, where the loop must not keep the process alive. */
    private readonly options: { readonly keepsAlive: boolean } = { keepsAlive: true },
  ) {}

  /** Drains at once, then continues until `stop`. */
  start(): void {
    this.poll();
  }

  /**
   * Wakes the loop because a channel or a queue has content: polls now and at the full rate from
   * now on.
   */
  wake(): void {
    this.quietPolls = 0;
    Atomics.store(this.wire, WireWord.sleeping, 0);
    if (!this.stopped) this.poll();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearImmediate(this.turn);
  }

  private poll(): void {
    clearTimeout(this.timer);
    if (this.drain() > 0) this.quietPolls = 0;
    else this.quietPolls++;
    this.core.beat();
    this.feed();
    this.timer = setTimeout(() => this.poll(), this.delay());
    if (!this.options.keepsAlive) this.timer.unref();
  }

  private drain(): number {
    this.lastDrainAt = performance.now();
    return this.core.drain();
  }

  private feed(): void {
    clearImmediate(this.turn);
    if (!this.core.feed()) return;
    this.turn = setImmediate(() => {
      // Feeding may take all available time; the WAL goes first.
      if (performance.now() - this.lastDrainAt >= this.core.intervalMs - TIMER_LATENESS_MS) this.drain();
      this.feed();
    });
  }

  private delay(): number {
    const { core, wire } = this;
    if (this.quietPolls < QUIET_POLLS)
      return Math.max(0, core.intervalMs - TIMER_LATENESS_MS - (performance.now() - this.lastDrainAt));
    // Set the flag first, then look once more: a producer that did not see the flag has committed
    // by then.
    Atomics.store(wire, WireWord.sleeping, 1);
    if (this.drain() === 0) return BACKED_OFF_MS;
    Atomics.store(wire, WireWord.sleeping, 0);
    this.quietPolls = 0;
    return 0;
  }
}

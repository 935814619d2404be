import { WireWord } from '../../channel/chunk-layout.js';
import type { WriterCore } from './writer-core.js';

/** Polls without anything new, after which the poll backs off. */
const QUIET_POLLS = 50;
/** How often a backed-off poll looks anyway, in case a wake-up was lost. */
const BACKED_OFF_MS = 1000;
// A timer fires up to a millisecond or two late; the interval is a promise.
const TIMER_LATENESS_MS = 2;

/**
 * The writer's heart: drains every channel each `walIntervalMs`, feeds the second stage in between, backs off when
 * nothing comes.
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
    /** On the caller's thread the loop must not keep the process alive. */
    private readonly options: { readonly keepsAlive: boolean } = { keepsAlive: true },
  ) {}

  /** Drains at once, then goes on until `stop`. */
  start(): void {
    this.poll();
  }

  /** Something is in a channel, or in a queue: polls now and at the full pace from now on. */
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
      // Feeding may take all the time there is; the WAL goes first.
      if (performance.now() - this.lastDrainAt >= this.core.intervalMs - TIMER_LATENESS_MS) this.drain();
      this.feed();
    });
  }

  private delay(): number {
    const { core, wire } = this;
    if (this.quietPolls < QUIET_POLLS)
      return Math.max(0, core.intervalMs - TIMER_LATENESS_MS - (performance.now() - this.lastDrainAt));
    // The flag first, then one more look: a producer that saw no flag has committed by then.
    Atomics.store(wire, WireWord.sleeping, 1);
    if (this.drain() === 0) return BACKED_OFF_MS;
    Atomics.store(wire, WireWord.sleeping, 0);
    this.quietPolls = 0;
    return 0;
  }
}

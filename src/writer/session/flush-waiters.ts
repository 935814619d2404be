import type { FromWriter, PlainError } from '../thread/writer-messages.js';

interface Waiter {
  readonly flushId: number;
  /** The number of records that must be in the WAL. */
  readonly seq: number;
}

/** Flushes that wait for an answer. */
export class FlushWaiters {
  private waiters: readonly Waiter[] = [];

  constructor(
    private readonly runId: number,
    private readonly post: (message: FromWriter) => void,
  ) {}

  get isEmpty(): boolean {
    return this.waiters.length === 0;
  }

  add(flushId: number, seq: number): void {
    this.waiters = [...this.waiters, { flushId, seq }];
  }

  /** Answers the flushes whose records are below `seq`; with an error, all others, too. */
  answer(seq: number, error: PlainError | null): void {
    const { waiters } = this;
    this.waiters = error === null ? waiters.filter((waiter) => waiter.seq > seq) : [];
    for (const { flushId, seq: wanted } of waiters)
      if (wanted <= seq) this.say(flushId, null);
      else if (error !== null) this.say(flushId, error);
  }

  /** Answers all flushes alike: the run is closed. */
  answerAll(error: PlainError | null): void {
    const { waiters } = this;
    this.waiters = [];
    for (const { flushId } of waiters) this.say(flushId, error);
  }

  private say(flushId: number, error: PlainError | null): void {
    this.post({ kind: 'flushed', runId: this.runId, flushId, error });
  }
}

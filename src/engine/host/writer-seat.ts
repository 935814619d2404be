import type { CallerFacts, RunOpening } from '../../writer/thread/writer-messages.js';

/**
 * A request for a `flushed` message once `seq` records of a run are as durable as its options
 * require.
 */
export interface FlushRequest {
  readonly runId: number;
  readonly flushId: number;
  readonly seq: number;
}

/**
 * The place in which a process's writer works: its own thread, or the caller's thread if no thread
 * is available.
 */
export interface WriterSeat {
  /** Begins to write the open runs, and answers the pending flushes. */
  start(openings: readonly RunOpening[], flushes: Iterable<FlushRequest>): void;
  open(opening: RunOpening): void;
  flush(request: FlushRequest): void;
  /** Passes on the figures of the caller's thread. */
  caller(facts: CallerFacts): void;
  /** Wakes a writer whose poll has backed off. */
  wake(): void;
  /** Gives up the seat when no run is open; returns false if the seat is kept. */
  leave(): boolean;
  /** Ends a writer that hangs while rows wait for it; called once a second. */
  lookAfter(isWaiting: boolean): void;
  /**
   * Stops a writer for which the caller's thread cannot wait any longer, so that this thread writes
   * in its place.
   */
  halt(): void;
  /** Notifies the writer that the process is exiting, so that it must not wait any more. */
  exiting(): void;
  /**
   * Drains all channels on this thread and returns the number of bytes; null for a seat in another
   * thread.
   */
  drain(): number | null;
}

import type { CallerFacts, RunOpening } from '../../writer/thread/writer-messages.js';

/** Asks for a `flushed` message once `seq` records of a run are as durable as its options say. */
export interface FlushRequest {
  readonly runId: number;
  readonly flushId: number;
  readonly seq: number;
}

/** The place a process's writer works in: a thread of its own, or, where no thread can be had, the caller's thread. */
export interface WriterSeat {
  /** Begins to write the runs that are open, and answers the flushes that are awaited. */
  start(openings: readonly RunOpening[], flushes: Iterable<FlushRequest>): void;
  open(opening: RunOpening): void;
  flush(request: FlushRequest): void;
  /** Passes on how the caller's thread is doing. */
  caller(facts: CallerFacts): void;
  /** Makes a writer whose poll has backed off look again. */
  wake(): void;
  /** No run is open: gives the seat up and returns true; false from a seat that is kept. */
  leave(): boolean;
  /** Ends a writer that stands still while rows wait for it; called once a second. */
  lookAfter(isWaiting: boolean): void;
  /** Stops a writer for which the caller's thread cannot wait any longer, and which writes in its place. */
  halt(): void;
  /** The process is exiting: the writer may wait for nothing any more. */
  exiting(): void;
  /** Drains all channels on this thread and returns how many bytes; null from a seat in another thread. */
  drain(): number | null;
}

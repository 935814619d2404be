import type { Worker } from 'node:worker_threads';
import type { ChunkPool } from '../../channel/chunk-pool.js';
import { WireOwner, WireWord } from '../../channel/chunk-layout.js';
import { startThread } from '../../channel/start-thread.js';
import type { CallerFacts, FromWriter, RunOpening, ToWriter } from '../../writer/thread/writer-messages.js';
import type { WriterThreadData } from '../../writer/thread/writer-thread.js';
import { HUNG_MS } from './sync-drain.js';
import type { FlushRequest, WriterSeat } from './writer-seat.js';

const ENTRY = (): URL => new URL('../../writer/thread/writer-thread.js', import.meta.url);

/** The options of a {@link ThreadSeat}. */
export interface ThreadSeatOptions {
  readonly wire: Int32Array<SharedArrayBuffer>;
  readonly pool: ChunkPool;
  readonly onMessage: (message: FromWriter) => void;
  /** Called when the thread is gone without having been asked to leave. */
  readonly onLost: (cause: unknown) => void;
}

/** A writer in its own thread, which does not keep the process alive. */
export class ThreadSeat implements WriterSeat {
  /** The worker; null before the start, and after it was asked to leave. */
  private worker: Worker | null = null;
  private lastBeat = { count: 0, at: 0 };

  constructor(private readonly options: ThreadSeatOptions) {}

  start(openings: readonly RunOpening[], flushes: Iterable<FlushRequest>): void {
    const { wire, pool, onMessage, onLost } = this.options;
    Atomics.store(wire, WireWord.owner, WireOwner.none);
    const arenas = pool.connect(({ id, memory }) => this.send({ kind: 'arena', id, memory }));
    const workerData: WriterThreadData = {
      wire: wire.buffer,
      arenas: arenas.map(({ id, memory }) => ({ id, memory })),
      openings,
    };
    const worker = startThread(ENTRY, { name: 'expman-writer', workerData });
    this.worker = worker;
    this.lastBeat = { count: this.beats(), at: performance.now() };
    let cause: unknown;
    worker.on('message', onMessage);
    worker.on('error', (error) => (cause = error));
    worker.on('exit', (code) => {
      if (this.worker === null) return;
      this.worker = null;
      onLost(cause ?? new Error(`it exited with code ${code}`));
    });
    // After the listeners: a listener for messages keeps the process alive again.
    worker.unref();
    for (const request of flushes) this.flush(request);
  }

  open(opening: RunOpening): void {
    this.send({ kind: 'open', opening });
  }

  flush(request: FlushRequest): void {
    this.send({ kind: 'flush', ...request });
  }

  caller(facts: CallerFacts): void {
    this.send({ kind: 'caller', facts });
  }

  wake(): void {
    this.send({ kind: 'wake' });
  }

  leave(): boolean {
    this.send({ kind: 'end' });
    this.worker = null;
    return true;
  }

  lookAfter(isWaiting: boolean): void {
    const count = this.beats();
    const now = performance.now();
    if (count !== this.lastBeat.count || !isWaiting) this.lastBeat = { count, at: now };
    else if (now - this.lastBeat.at > HUNG_MS) void this.worker?.terminate();
  }

  halt(): void {
    void this.worker?.terminate();
    Atomics.store(this.options.wire, WireWord.owner, WireOwner.caller);
  }

  exiting(): void {
    // A thread that is still starting may need longer than writing the rows on the caller's thread.
    Atomics.compareExchange(this.options.wire, WireWord.owner, WireOwner.none, WireOwner.caller);
  }

  drain(): null {
    return null;
  }

  private beats(): number {
    return Atomics.load(this.options.wire, WireWord.heartbeat);
  }

  private send(message: ToWriter): void {
    this.worker?.postMessage(message);
  }
}

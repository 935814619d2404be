import type { ChunkPool } from '../../channel/chunk-pool.js';
import { WireOwner, WireWord } from '../../channel/chunk-layout.js';
import { nodeFs } from '../../storage/node-fs.js';
import * as yamlParts from '../../writer/thread/yaml-parts.js';
import type { ColumnarParts } from '../../writer/session/session-context.js';
import { WriterCore } from '../../writer/thread/writer-core.js';
import { WriterLoop } from '../../writer/thread/writer-loop.js';
import type { CallerFacts, FromWriter, RunOpening } from '../../writer/thread/writer-messages.js';
import type { FlushRequest, WriterSeat } from './writer-seat.js';

/** The number of retries to load the second stage, and the delay before each. */
const RELOADS = 3;
const RELOAD_MS = 1_000;

/** The options of a {@link LocalSeat}. */
export interface LocalSeatOptions {
  readonly wire: Int32Array;
  readonly pool: ChunkPool;
  readonly onMessage: (message: FromWriter) => void;
}

/**
 * A writer that works between the caller's own turns, if no thread is available; kept as long as
 * the process lives.
 */
export class LocalSeat implements WriterSeat {
  private readonly core: WriterCore;
  private readonly loop: WriterLoop;

  constructor({ wire, pool, onMessage }: LocalSeatOptions) {
    Atomics.store(wire, WireWord.owner, WireOwner.caller);
    pool.connect(() => undefined);
    this.core = new WriterCore({ fs: nodeFs, yamlParts, wire, arenas: pool, post: onMessage });
    this.loop = new WriterLoop(this.core, wire, { keepsAlive: false });
  }

  start(openings: readonly RunOpening[], flushes: Iterable<FlushRequest>): void {
    for (const opening of openings) this.core.open(opening);
    for (const { runId, flushId, seq } of flushes) this.core.flush(runId, flushId, seq);
    this.loop.start();
    this.loadSecondStage(RELOADS);
  }

  open(opening: RunOpening): void {
    this.core.open(opening);
    this.loop.wake();
  }

  flush({ runId, flushId, seq }: FlushRequest): void {
    this.core.flush(runId, flushId, seq);
    this.loop.wake();
  }

  caller(facts: CallerFacts): void {
    this.core.callerSays(facts);
  }

  wake(): void {
    this.loop.wake();
  }

  leave(): boolean {
    return false;
  }

  lookAfter(): void {
    // It is blocked exactly when the caller is.
  }

  halt(): void {
    // The caller's thread is already the writer.
  }

  exiting(): void {
    this.core.goWithoutSecondStage();
  }

  drain(): number {
    return this.core.drain();
  }

  private loadSecondStage(triesLeft: number): void {
    const loading = import('../../writer/thread/columnar-parts.js').then(assertLoaded);
    loading.then(
      (parts) => {
        this.core.attach(parts);
        this.loop.wake();
      },
      // The cause may be temporary, such as used up descriptors; in a bundle that lacks the file it
      // is not.
      (cause: unknown) => {
        if (triesLeft > 0) setTimeout(() => this.loadSecondStage(triesLeft - 1), RELOAD_MS).unref();
        else {
          this.core.goWithLogOnly(cause);
          this.loop.wake();
        }
      },
    );
  }
}

/**
 * In a bundle of one file, a module that is imported dynamically may stand after a top-level `await`
 * that waits for the close of the run, which waits for the module.
 */
function assertLoaded(parts: ColumnarParts | undefined): ColumnarParts {
  if (parts !== undefined) return parts;
  throw new Error(
    'a top-level await of this bundle waits for the close of a run, and the code that writes metrics.parquet stands after it; ' +
      'mark expman-rx as external, or close the run in an async function that is not awaited at the top level',
  );
}

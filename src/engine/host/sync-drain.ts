import type { ChunkPool } from '../../channel/chunk-pool.js';
import { WireOwner, WireWord } from '../../channel/chunk-layout.js';
import { nodeFs } from '../../storage/node-fs.js';
import * as yamlParts from '../../writer/thread/yaml-parts.js';
import { WriterCore } from '../../writer/thread/writer-core.js';
import type { HostedRun } from './hosted-run.js';
import type { WriterSeat } from './writer-seat.js';

const WAIT_SLICE_MS = 50;
/** The time without a poll, with rows waiting, after which a writer is considered dead or hung. */
export const HUNG_MS = 3_000;

/** The options of a {@link SyncDrain}. */
export interface SyncDrainOptions {
  readonly wire: Int32Array;
  readonly pool: ChunkPool;
  readonly runs: ReadonlyMap<number, HostedRun>;
  /** Wakes a writer whose poll has backed off. */
  readonly wake: () => void;
  /** Returns the writer's seat; null before the first run and after the last. */
  readonly seat: () => WriterSeat | null;
}

/**
 * Waits for the writer while the event loop of the caller's thread is blocked, and writes in its
 * place if it is gone.
 */
export class SyncDrain {
  /** The drain used if there is neither a thread nor a local writer. */
  private standIn: WriterCore | null = null;

  constructor(private readonly options: SyncDrainOptions) {}

  /**
   * Waits until `done`; false if that did not happen in time.
   *
   * A hung writer is replaced by a drain on this thread.
   */
  waitFor(done: () => boolean, timeoutMs: number): boolean {
    const { wire, seat, wake } = this.options;
    const until = performance.now() + timeoutMs;
    wake();
    let beat = Atomics.load(wire, WireWord.heartbeat);
    let beatAt = performance.now();
    while (!done()) {
      const now = performance.now();
      if (now >= until) return false;
      if (this.isHere()) {
        if (this.drainHere() === 0) return done();
        continue;
      }
      const seen = Atomics.load(wire, WireWord.heartbeat);
      if (seen !== beat) {
        beat = seen;
        beatAt = now;
      } else if (now - beatAt > HUNG_MS) seat()?.halt();
      const acknowledged = Atomics.load(wire, WireWord.acknowledged);
      if (!done())
        Atomics.wait(wire, WireWord.acknowledged, acknowledged, Math.min(WAIT_SLICE_MS, until - now));
    }
    return true;
  }

  /**
   * Writes everything committed to the WAL before the process ends, within the deadline; reports
   * losses on stderr.
   */
  drainForExit(timeoutMs: number): void {
    const { runs, seat } = this.options;
    const done = (): boolean =>
      [...runs.values()].every(
        (run) => (run.acknowledged() >= run.committed() && run.isCutNoted()) || run.stuck(),
      );
    seat()?.exiting();
    if (!this.waitFor(done, timeoutMs)) {
      seat()?.halt();
      this.drainHere();
    }
    for (const run of runs.values()) {
      const lost = run.committed() - run.acknowledged();
      if (lost > 0)
        say(
          `expman-rx: ${lost} records of ${run.opening.folder} could not be written before the process ended\n`,
        );
    }
  }

  /** Stops writing for a thread that is gone, so that its successor takes over. */
  leave(): void {
    this.standIn?.leave();
    this.standIn = null;
  }

  /** True if no other thread would drain the channels. */
  private isHere(): boolean {
    const { wire, seat } = this.options;
    const owner = Atomics.load(wire, WireWord.owner);
    return (
      owner === WireOwner.caller || owner === WireOwner.gone || (owner === WireOwner.none && seat() === null)
    );
  }

  /** Drains all channels into the WAL on this thread; returns the number of bytes. */
  private drainHere(): number {
    return this.options.seat()?.drain() ?? this.standInCore().drain();
  }

  private standInCore(): WriterCore {
    const { wire, pool, runs } = this.options;
    Atomics.store(wire, WireWord.owner, WireOwner.caller);
    if (this.standIn === null) {
      this.standIn = new WriterCore({
        fs: nodeFs,
        wire,
        arenas: pool,
        post: () => undefined,
        yamlParts,
        walOnly: true,
      });
      for (const { opening } of runs.values())
        this.standIn.open({ ...opening, continues: true, resumes: false });
    }
    return this.standIn;
  }
}

/** Writes synchronously: at this point of a process nothing else arrives. */
function say(text: string): void {
  try {
    nodeFs.write(2, Buffer.from(text), null);
  } catch {
    // stderr is closed.
  }
}

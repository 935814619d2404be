import type { ChunkPool } from '../../channel/chunk-pool.js';
import { WireOwner, WireWord } from '../../channel/chunk-layout.js';
import { nodeFs } from '../../storage/node-fs.js';
import * as yamlParts from '../../writer/thread/yaml-parts.js';
import { WriterCore } from '../../writer/thread/writer-core.js';
import type { HostedRun } from './hosted-run.js';
import type { WriterSeat } from './writer-seat.js';

const WAIT_SLICE_MS = 50;
/** A writer whose poll stands still this long, with rows waiting, is dead or hung. */
export const HUNG_MS = 3_000;

/** What a {@link SyncDrain} works with. */
export interface SyncDrainOptions {
  readonly wire: Int32Array;
  readonly pool: ChunkPool;
  readonly runs: ReadonlyMap<number, HostedRun>;
  /** Makes a writer whose poll has backed off look again. */
  readonly wake: () => void;
  /** Where the writer is; null before the first run and after the last. */
  readonly seat: () => WriterSeat | null;
}

/** Waits for the writer while the event loop of the caller's thread stands still, and writes in its place where it is gone. */
export class SyncDrain {
  /** Drains where there is no thread, and no local writer either. */
  private standIn: WriterCore | null = null;

  constructor(private readonly options: SyncDrainOptions) {}

  /**
   * Waits until `done`; false when it was not by then.
   *
   * A writer that stands still is replaced by a drain on this thread.
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

  /** Gets everything committed into the WAL before the process is gone, within the deadline; says on stderr what is lost. */
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

  /** The thread that was written for is gone for good, and its successor takes over. */
  leave(): void {
    this.standIn?.leave();
    this.standIn = null;
  }

  /** True when nobody but this thread would drain the channels. */
  private isHere(): boolean {
    const { wire, seat } = this.options;
    const owner = Atomics.load(wire, WireWord.owner);
    return (
      owner === WireOwner.caller || owner === WireOwner.gone || (owner === WireOwner.none && seat() === null)
    );
  }

  /** Drains all channels into the WAL, on this thread; returns how many bytes. */
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

/** At this point of a process only a synchronous write arrives. */
function say(text: string): void {
  try {
    nodeFs.write(2, Buffer.from(text), null);
  } catch {
    // Nobody listens to stderr any more.
  }
}

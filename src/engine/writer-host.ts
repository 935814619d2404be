import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ChunkPool } from '../channel/chunk-pool.js';
import { WIRE_BYTES, WireOwner, WireWord } from '../channel/layout.js';
import { ExpmanError } from '../model/errors.js';
import type { Degradation } from '../model/run-file.js';
import { nodeFs } from '../storage/node-fs.js';
import type { FromWriter, RunOpening, ToWriter } from '../writer/messages.js';
import { WriterCore } from '../writer/writer-core.js';
import { WriterLoop } from '../writer/writer-loop.js';
import type { WriterThreadData } from '../writer/writer-thread.js';

/** A run as its host sees it. */
export interface HostedRun {
  readonly opening: RunOpening;
  /** Records committed to its channel. */
  readonly committed: () => number;
  /** Records its writer acknowledged. */
  readonly acknowledged: () => number;
  /** True while the disk refuses the run's rows. */
  readonly inTrouble: () => boolean;
  readonly onMessage: (message: FromWriter) => void;
  /** The writer died; told before its successor takes over. */
  readonly onWriterLost: (degraded: Degradation) => void;
}

const RESPAWNS = 1;
const WAIT_SLICE_MS = 50;
/** A writer whose poll stands still for so long, with rows waiting, is dead or hung. */
const HUNG_MS = 3_000;
const IDLE_THREAD_MS = 2_000;

/**
 * The writer thread as the caller's thread has it: started with the first run, one for all of them, replaced once
 * when it dies, then done without.
 *
 * It keeps the process alive only while somebody awaits a flush or a close.
 */
export class WriterHost {
  readonly pool = new ChunkPool();
  readonly wire = new Int32Array(new SharedArrayBuffer(WIRE_BYTES));
  private readonly runs = new Map<number, HostedRun>();
  private worker: Worker | null = null;
  private local: { readonly core: WriterCore; readonly loop: WriterLoop } | null = null;
  private respawns = 0;
  private awaited = 0;
  private endTimer: NodeJS.Timeout | undefined;
  private watch: NodeJS.Timeout | undefined;
  private lastBeat = { count: 0, at: 0 };
  private nextRunId = 0;

  /** A number for a run of this process. */
  runId(): number {
    return this.nextRunId++;
  }

  open(run: HostedRun): void {
    clearTimeout(this.endTimer);
    this.runs.set(run.opening.runId, run);
    if (this.local !== null) {
      this.local.core.open(run.opening);
      this.local.loop.wake();
    } else if (this.worker === null) this.startThread();
    else this.send({ kind: 'open', opening: run.opening });
    this.watch ??= setInterval(() => this.lookAfterThread(), 1000).unref();
  }

  /** The run is closed, or given up. */
  forget(runId: number): void {
    this.runs.delete(runId);
    if (this.runs.size > 0) return;
    clearInterval(this.watch);
    this.watch = undefined;
    this.endTimer = setTimeout(() => this.endThread(), IDLE_THREAD_MS).unref();
  }

  /** To be called when something was committed while the writer's poll had backed off. */
  wake(): void {
    if (Atomics.compareExchange(this.wire, WireWord.sleeping, 1, 0) !== 1) return;
    if (this.local !== null) this.local.loop.wake();
    else this.worker?.postMessage({ kind: 'wake' } satisfies ToWriter);
  }

  flush(runId: number, flushId: number, seq: number): void {
    if (this.local !== null) {
      this.local.core.flush(runId, flushId, seq);
      this.local.loop.wake();
    } else this.send({ kind: 'flush', runId, flushId, seq });
  }

  /** Keeps the process alive until the matching `release`. */
  hold(): void {
    if (this.awaited++ === 0) this.worker?.ref();
    Atomics.store(this.wire, WireWord.sleeping, 0);
    this.send({ kind: 'wake' });
  }

  release(): void {
    if (--this.awaited === 0) this.worker?.unref();
  }

  /**
   * Waits, without the event loop, until `done`; false when it was not by then.
   *
   * A writer that stands still is replaced by a drain on this thread.
   */
  waitFor(done: () => boolean, timeoutMs: number): boolean {
    const { wire } = this;
    const until = performance.now() + timeoutMs;
    this.wake();
    let beat = Atomics.load(wire, WireWord.heartbeat);
    let beatAt = performance.now();
    while (!done()) {
      const now = performance.now();
      if (now >= until) return false;
      const owner = Atomics.load(wire, WireWord.owner);
      if (owner === WireOwner.caller || (owner === WireOwner.none && this.worker === null)) {
        this.drainHere();
        return done();
      }
      const seen = Atomics.load(wire, WireWord.heartbeat);
      if (seen !== beat) {
        beat = seen;
        beatAt = now;
      } else if (now - beatAt > HUNG_MS) this.stopThread();
      const acknowledged = Atomics.load(wire, WireWord.acknowledged);
      if (!done()) Atomics.wait(wire, WireWord.acknowledged, acknowledged, Math.min(WAIT_SLICE_MS, until - now));
    }
    return true;
  }

  /** Gets everything committed into the WAL before the process is gone; within the deadline, or not at all. */
  drainForExit(timeoutMs: number): void {
    const done = (): boolean => [...this.runs.values()].every((run) => run.acknowledged() >= run.committed() || run.inTrouble());
    // A thread that has not come up yet may need longer than writing the rows here.
    Atomics.compareExchange(this.wire, WireWord.owner, WireOwner.none, WireOwner.caller);
    if (!this.waitFor(done, timeoutMs) && [...this.runs.values()].some((run) => !run.inTrouble())) {
      this.stopThread();
      this.drainHere();
    }
  }

  private startThread(): void {
    const { wire, pool } = this;
    Atomics.store(wire, WireWord.owner, WireOwner.none);
    const arenas = pool.connect((arena) => this.worker?.postMessage({ kind: 'arena', id: arena.id, memory: arena.memory } satisfies ToWriter));
    const data: WriterThreadData = {
      wire: wire.buffer as SharedArrayBuffer,
      arenas: arenas.map(({ id, memory }) => ({ id, memory })),
      openings: [...this.runs.values()].map(({ opening }) => opening),
    };
    const entry = new URL('../writer/writer-thread.js', import.meta.url);
    const worker = new Worker(fileURLToPath(entry), { name: 'expman-writer', workerData: data, stdout: false, stderr: false });
    this.worker = worker;
    this.lastBeat = { count: Atomics.load(wire, WireWord.heartbeat), at: performance.now() };
    if (this.awaited === 0) worker.unref();
    worker.on('message', (message: FromWriter) => this.received(message));
    worker.on('error', (error) => this.lost(worker, error));
    worker.on('exit', (code) => this.lost(worker, new Error(`the writer thread exited with code ${code}`)));
  }

  private received(message: FromWriter): void {
    if (message.kind !== 'ready') this.runs.get(message.runId)?.onMessage(message);
  }

  private send(message: ToWriter): void {
    this.worker?.postMessage(message);
  }

  /** The thread is gone. Its runs go on in a new one, or, when that dies too, here. */
  private lost(worker: Worker, cause: unknown): void {
    if (this.worker !== worker) return;
    this.worker = null;
    Atomics.store(this.wire, WireWord.owner, WireOwner.none);
    if (this.runs.size === 0) return;
    const replaced = this.respawns++ < RESPAWNS;
    const degraded: Degradation = {
      code: replaced ? 'WRITER_REPLACED' : 'WRITER_IN_THREAD',
      message: `the writer thread died (${cause instanceof Error ? cause.message : String(cause)}); ${
        replaced ? 'a new one took over' : "rows are written on the caller's thread"
      }`,
      since: new Date().toISOString(),
    };
    for (const [runId, run] of this.runs) {
      run.onWriterLost(degraded);
      this.runs.set(runId, { ...run, opening: { ...run.opening, continues: true, degraded } });
    }
    if (replaced) this.startThread();
    else this.writeHere();
  }

  /** No thread can be had: the same writer runs between the caller's own turns. */
  private writeHere(): void {
    const { wire, pool } = this;
    Atomics.store(wire, WireWord.owner, WireOwner.caller);
    pool.connect(() => undefined);
    const core = new WriterCore({ fs: nodeFs, wire, arenas: pool, post: (message) => this.received(message) });
    const loop = new WriterLoop(core, wire);
    this.local = { core, loop };
    for (const { opening } of this.runs.values()) core.open(opening);
    loop.start();
    void import('../writer/columnar-parts.js').then((parts) => {
      core.attach(parts);
      loop.wake();
    });
  }

  /** One drain of all channels into the WAL, on this thread, while the event loop stands still. */
  private drainHere(): void {
    if (this.local !== null) {
      this.local.core.drain();
      return;
    }
    Atomics.store(this.wire, WireWord.owner, WireOwner.caller);
    const core = new WriterCore({ fs: nodeFs, wire: this.wire, arenas: this.pool, post: () => undefined, walOnly: true });
    for (const { opening } of this.runs.values()) core.open({ ...opening, continues: true });
    while (core.drain() > 0);
  }

  private stopThread(): void {
    const { worker } = this;
    if (worker === null) return;
    void worker.terminate();
    Atomics.store(this.wire, WireWord.owner, WireOwner.caller);
  }

  private lookAfterThread(): void {
    const { wire, lastBeat } = this;
    const count = Atomics.load(wire, WireWord.heartbeat);
    const waiting = [...this.runs.values()].some((run) => run.acknowledged() < run.committed());
    const now = performance.now();
    if (count !== lastBeat.count || !waiting || this.worker === null) this.lastBeat = { count, at: now };
    else if (now - lastBeat.at > HUNG_MS) void this.worker.terminate();
  }

  private endThread(): void {
    if (this.runs.size > 0 || this.worker === null) return;
    const { worker } = this;
    this.worker = null;
    worker.postMessage({ kind: 'end' } satisfies ToWriter);
    this.respawns = 0;
  }
}

/** The error a run's close or flush rejects with. */
export function errorFrom(plain: { readonly code: string; readonly message: string; readonly errno?: string; readonly count: number }, path: string): ExpmanError {
  const code = plain.code === 'FENCED' || plain.code === 'CORRUPT' ? plain.code : 'WRITE_FAILED';
  return new ExpmanError(code, `${path}: ${plain.message} (${plain.count} rows are not in metrics.parquet)`, {
    path,
    count: plain.count,
    ...(plain.errno !== undefined && { errno: plain.errno }),
  });
}

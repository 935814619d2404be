import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ChunkPool } from '../channel/chunk-pool.js';
import { WIRE_BYTES, WireOwner, WireWord } from '../channel/chunk-layout.js';
import { messageOf } from '../model/errors.js';
import type { Degradation } from '../model/run-file.js';
import { nodeFs } from '../storage/node-fs.js';
import * as yamlParts from '../writer/thread/yaml-parts.js';
import type { CallerFacts, FromWriter, RunOpening, ToWriter } from '../writer/thread/writer-messages.js';
import { WriterCore } from '../writer/thread/writer-core.js';
import { WriterLoop } from '../writer/thread/writer-loop.js';
import type { WriterThreadData } from '../writer/thread/writer-thread.js';
import { CallerProbe } from './process/caller-probe.js';

/** A run as its host sees it. */
export interface HostedRun {
  readonly opening: RunOpening;
  /** Records committed to its channel. */
  readonly committed: () => number;
  /** Records its writer acknowledged. */
  readonly acknowledged: () => number;
  /** What the process's end means for it stands in run.yaml. */
  readonly told: () => boolean;
  /** True while the disk refuses the run's rows, and when its writer is done with it. */
  readonly stuck: () => boolean;
  readonly onMessage: (message: FromWriter) => void;
  /** The writer died; told before its successor takes over. */
  readonly onWriterLost: (degraded: Degradation) => void;
}

const RESPAWNS = 1;
const WAIT_SLICE_MS = 50;
/** A writer whose poll stands still for so long, with rows waiting, is dead or hung. */
const HUNG_MS = 3_000;
const IDLE_THREAD_MS = 2_000;
const RELOAD_MS = 1_000;
const KEEP_ALIVE_MS = 2 ** 30;

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
  /** Drains while the event loop stands still and there is no thread. */
  private standIn: WriterCore | null = null;
  private readonly probe = new CallerProbe((facts) => this.tellCaller(facts));
  private readonly flushes = new Map<number, { readonly runId: number; readonly seq: number }>();
  private respawns = 0;
  private awaited = 0;
  private keptAlive: NodeJS.Timeout | undefined;
  private endTimer: NodeJS.Timeout | undefined;
  private watch: NodeJS.Timeout | undefined;
  private lastBeat = { count: 0, at: 0 };
  private lastId = 0;

  /** A number for a run or a flush of this process. */
  newId(): number {
    return ++this.lastId;
  }

  open(run: HostedRun): void {
    clearTimeout(this.endTimer);
    this.runs.set(run.opening.runId, run);
    const { systemMetrics } = run.opening.options;
    if (systemMetrics !== false) this.probe.watch(run.opening.runId, systemMetrics.intervalMs);
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
    this.probe.unwatch(runId);
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

  /** Asks for a `flushed` message once `seq` records are in the WAL; a writer that dies passes the request on. */
  flush(runId: number, flushId: number, seq: number): void {
    this.flushes.set(flushId, { runId, seq });
    this.askFlush(runId, flushId, seq);
  }

  /** Keeps the process alive until the matching `release`. */
  hold(): void {
    this.awaited++;
    this.keptAlive ??= setInterval(() => undefined, KEEP_ALIVE_MS);
    this.wake();
  }

  release(): void {
    if (--this.awaited > 0) return;
    clearInterval(this.keptAlive);
    this.keptAlive = undefined;
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
      if (
        owner === WireOwner.caller ||
        owner === WireOwner.gone ||
        (owner === WireOwner.none && this.worker === null)
      ) {
        if (this.drainHere() === 0) return done();
        continue;
      }
      const seen = Atomics.load(wire, WireWord.heartbeat);
      if (seen !== beat) {
        beat = seen;
        beatAt = now;
      } else if (now - beatAt > HUNG_MS) this.stopThread();
      const acknowledged = Atomics.load(wire, WireWord.acknowledged);
      if (!done())
        Atomics.wait(wire, WireWord.acknowledged, acknowledged, Math.min(WAIT_SLICE_MS, until - now));
    }
    return true;
  }

  /** Gets everything committed into the WAL before the process is gone; within the deadline, or not at all. */
  drainForExit(timeoutMs: number): void {
    const done = (): boolean =>
      [...this.runs.values()].every(
        (run) => (run.acknowledged() >= run.committed() && run.told()) || run.stuck(),
      );
    this.local?.core.goWithoutSecondStage();
    // A thread that has not come up yet may need longer than writing the rows here.
    Atomics.compareExchange(this.wire, WireWord.owner, WireOwner.none, WireOwner.caller);
    if (!this.waitFor(done, timeoutMs)) {
      this.stopThread();
      this.drainHere();
    }
    for (const run of this.runs.values()) {
      const lost = run.committed() - run.acknowledged();
      if (lost > 0)
        say(
          `expman-rx: ${lost} records of ${run.opening.folder} could not be written before the process ended\n`,
        );
    }
  }

  private startThread(): void {
    const { wire, pool } = this;
    Atomics.store(wire, WireWord.owner, WireOwner.none);
    const arenas = pool.connect((arena) =>
      this.worker?.postMessage({ kind: 'arena', id: arena.id, memory: arena.memory } satisfies ToWriter),
    );
    const data: WriterThreadData = {
      wire: wire.buffer,
      arenas: arenas.map(({ id, memory }) => ({ id, memory })),
      openings: [...this.runs.values()].map(({ opening }) => opening),
    };
    const entry = new URL('../writer/thread/writer-thread.js', import.meta.url);
    // Loaders and preloads of the caller are not for this thread; it runs plain JavaScript.
    const env = { ...process.env, NODE_OPTIONS: '' };
    const worker = new Worker(fileURLToPath(entry), {
      name: 'expman-writer',
      workerData: data,
      execArgv: [],
      env,
    });
    this.worker = worker;
    this.lastBeat = { count: Atomics.load(wire, WireWord.heartbeat), at: performance.now() };
    let cause: unknown;
    worker.on('message', (message: FromWriter) => this.received(message));
    worker.on('error', (error) => (cause = error));
    worker.on('exit', (code) => this.lost(worker, cause ?? new Error(`it exited with code ${code}`)));
    // After the listeners: a listener for messages keeps the process alive again.
    worker.unref();
    for (const [flushId, { runId, seq }] of this.flushes) this.askFlush(runId, flushId, seq);
  }

  private received(message: FromWriter): void {
    if (message.kind === 'ready') return;
    if (message.kind === 'flushed') this.flushes.delete(message.flushId);
    if (message.kind === 'closed')
      for (const [flushId, { runId }] of this.flushes)
        if (runId === message.runId) this.flushes.delete(flushId);
    this.runs.get(message.runId)?.onMessage(message);
  }

  private askFlush(runId: number, flushId: number, seq: number): void {
    if (this.local !== null) {
      this.local.core.flush(runId, flushId, seq);
      this.local.loop.wake();
    } else this.send({ kind: 'flush', runId, flushId, seq });
  }

  private tellCaller(facts: CallerFacts): void {
    if (this.local !== null) this.local.core.callerSays(facts);
    else this.send({ kind: 'caller', facts });
  }

  private send(message: ToWriter): void {
    this.worker?.postMessage(message);
  }

  /** The thread is gone. Its runs go on in a new one, or, when that dies too, here. */
  private lost(worker: Worker, cause: unknown): void {
    if (this.worker !== worker) return;
    this.worker = null;
    this.standIn?.leave();
    this.standIn = null;
    Atomics.store(this.wire, WireWord.owner, WireOwner.none);
    if (this.runs.size === 0) return;
    const replaced = this.respawns++ < RESPAWNS;
    const degraded: Degradation = {
      code: replaced ? 'WRITER_REPLACED' : 'WRITER_IN_THREAD',
      message: `the writer thread died (${messageOf(cause)}); ${
        replaced ? 'a new one took over' : "rows are written on the caller's thread"
      }`,
      since: new Date().toISOString(),
    };
    for (const [runId, run] of this.runs) {
      run.onWriterLost(degraded);
      this.runs.set(runId, {
        ...run,
        opening: { ...run.opening, continues: true, resumes: false, degraded },
      });
    }
    if (replaced) this.startThread();
    else this.writeHere();
  }

  /** No thread can be had: the same writer runs between the caller's own turns. */
  private writeHere(): void {
    const { wire, pool } = this;
    Atomics.store(wire, WireWord.owner, WireOwner.caller);
    pool.connect(() => undefined);
    const core = new WriterCore({
      fs: nodeFs,
      yamlParts,
      wire,
      arenas: pool,
      post: (message) => this.received(message),
    });
    const loop = new WriterLoop(core, wire, { keepsAlive: false });
    this.local = { core, loop };
    for (const { opening } of this.runs.values()) core.open(opening);
    for (const [flushId, { runId, seq }] of this.flushes) core.flush(runId, flushId, seq);
    loop.start();
    this.loadSecondStage(core, loop);
  }

  private loadSecondStage(core: WriterCore, loop: WriterLoop): void {
    import('../writer/thread/columnar-parts.js').then(
      (parts) => {
        core.attach(parts);
        loop.wake();
      },
      // It was loaded before, by a thread that died of something else; what keeps it from loading now may pass.
      () => setTimeout(() => this.loadSecondStage(core, loop), RELOAD_MS).unref(),
    );
  }

  /** Drains all channels into the WAL, on this thread, while the event loop stands still; returns how many bytes. */
  private drainHere(): number {
    if (this.local !== null) return this.local.core.drain();
    Atomics.store(this.wire, WireWord.owner, WireOwner.caller);
    if (this.standIn === null) {
      this.standIn = new WriterCore({
        fs: nodeFs,
        wire: this.wire,
        arenas: this.pool,
        post: () => undefined,
        yamlParts,
        walOnly: true,
      });
      for (const { opening } of this.runs.values())
        this.standIn.open({ ...opening, continues: true, resumes: false });
    }
    return this.standIn.drain();
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

/** At this point of a process only a synchronous write arrives. */
function say(text: string): void {
  try {
    nodeFs.write(2, Buffer.from(text), null);
  } catch {
    // Nobody listens to stderr any more.
  }
}

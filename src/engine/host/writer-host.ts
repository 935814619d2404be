import { ChunkPool } from '../../channel/chunk-pool.js';
import { WIRE_BYTES, WireOwner, WireWord } from '../../channel/chunk-layout.js';
import { messageOf } from '../../model/errors.js';
import { isLeftBehind, threadFailure } from '../../channel/start-thread.js';
import type { Degradation } from '../../model/run-file.js';
import type { FromWriter } from '../../writer/thread/writer-messages.js';
import { CallerProbe } from '../process/caller-probe.js';
import type { HostedRun } from './hosted-run.js';
import { LocalSeat } from './local-seat.js';
import { SyncDrain } from './sync-drain.js';
import { ThreadSeat } from './thread-seat.js';
import type { FlushRequest, WriterSeat } from './writer-seat.js';

const RESPAWNS = 1;
const IDLE_THREAD_MS = 2_000;
const LOOK_AFTER_MS = 1_000;
const KEEP_ALIVE_MS = 2 ** 30;
const HERE = "rows are written on the caller's thread";

/**
 * The writer of all runs of a process, as seen by the caller's thread: in a thread that starts with
 * the first run and is replaced once if it dies, after that on the caller's thread; there from the
 * start if no thread can be started.
 *
 * It keeps the process alive only while a flush or a close is awaited.
 */
export class WriterHost {
  readonly pool = new ChunkPool();
  readonly wire = new Int32Array(new SharedArrayBuffer(WIRE_BYTES));
  private readonly runs = new Map<number, HostedRun>();
  private readonly flushes = new Map<number, FlushRequest>();
  private seat: WriterSeat | null = null;
  private readonly drain = new SyncDrain({
    wire: this.wire,
    pool: this.pool,
    runs: this.runs,
    wake: () => this.wake(),
    seat: () => this.seat,
  });
  private readonly probe = new CallerProbe((facts) => this.seat?.caller(facts));
  private respawns = 0;
  private awaited = 0;
  private keptAlive: NodeJS.Timeout | undefined;
  private endTimer: NodeJS.Timeout | undefined;
  private watch: NodeJS.Timeout | undefined;
  private lastId = 0;

  /** Returns a new number for a run or a flush of this process. */
  newId(): number {
    return ++this.lastId;
  }

  /**
   * Prepares for the opening of a run: starts a thread meanwhile, which ends again if no run is
   * opened. A failure to start does not matter until there is a run.
   */
  prepare(): void {
    if (this.seat !== null) return;
    try {
      this.occupy(this.threadSeat());
    } catch {
      return;
    }
    this.endSoon();
  }

  open(run: HostedRun): void {
    clearTimeout(this.endTimer);
    this.runs.set(run.opening.runId, run);
    const { systemMetrics } = run.opening.options;
    if (systemMetrics !== false) this.probe.watch(run.opening.runId, systemMetrics.intervalMs);
    if (this.seat === null) this.start();
    else this.seat.open(run.opening);
    this.watch ??= setInterval(() => this.seat?.lookAfter(this.isAnyWaiting()), LOOK_AFTER_MS).unref();
  }

  /** Forgets a run that is closed or given up. */
  forget(runId: number): void {
    this.runs.delete(runId);
    this.probe.unwatch(runId);
    if (this.runs.size > 0) return;
    clearInterval(this.watch);
    this.watch = undefined;
    this.endSoon();
  }

  /** Wakes the writer; to be called after a commit while its poll had backed off. */
  wake(): void {
    if (Atomics.compareExchange(this.wire, WireWord.sleeping, 1, 0) === 1) this.seat?.wake();
  }

  /**
   * Requests a `flushed` message once `seq` records are in the WAL; if the writer dies, the request
   * goes to the next one.
   */
  flush(request: FlushRequest): void {
    this.flushes.set(request.flushId, request);
    this.seat?.flush(request);
  }

  /** Keeps the process alive until the matching `release`. */
  hold(): void {
    this.awaited++;
    this.keptAlive ??= setInterval(() => undefined, KEEP_ALIVE_MS);
    this.wake();
  }

  /** Ends a {@link hold}. */
  release(): void {
    if (--this.awaited > 0) return;
    clearInterval(this.keptAlive);
    this.keptAlive = undefined;
  }

  /** Waits, without the event loop, until `done`; false if that did not happen in time. */
  waitFor(done: () => boolean, timeoutMs: number): boolean {
    return this.drain.waitFor(done, timeoutMs);
  }

  /** Writes everything committed to the WAL before the process ends, within the deadline. */
  drainForExit(timeoutMs: number): void {
    this.drain.drainForExit(timeoutMs);
  }

  private threadSeat(): WriterSeat {
    const { wire, pool } = this;
    return new ThreadSeat({
      wire,
      pool,
      onMessage: (message) => this.received(message),
      onLost: (cause) => this.lost(cause),
    });
  }

  private localSeat(): WriterSeat {
    const { wire, pool } = this;
    return new LocalSeat({ wire, pool, onMessage: (message) => this.received(message) });
  }

  /**
   * Starts the writer in a thread or, if that is refused (no thread is left, or none is allowed),
   * on this one.
   */
  private start(): void {
    try {
      this.occupy(this.threadSeat());
    } catch (cause) {
      this.degrade('WRITER_IN_THREAD', `${messageOf(cause)}; ${HERE}`);
      this.occupy(this.localSeat());
    }
  }

  private occupy(seat: WriterSeat): void {
    this.seat = seat;
    try {
      seat.start(
        [...this.runs.values()].map(({ opening }) => opening),
        this.flushes.values(),
      );
    } catch (error) {
      this.seat = null;
      throw error;
    }
  }

  /**
   * Marks every open run as degraded after a change of its writer, before another one takes over.
   */
  private degrade(code: string, message: string): void {
    const degraded: Degradation = { code, message, since: new Date().toISOString() };
    for (const [runId, run] of this.runs) {
      run.onWriterLost(degraded);
      this.runs.set(runId, { ...run, opening: { ...run.opening, degraded } });
    }
  }

  private received(message: FromWriter): void {
    if (message.kind === 'ready') return;
    if (message.kind === 'flushed') this.flushes.delete(message.flushId);
    if (message.kind === 'closed')
      for (const { flushId, runId } of this.flushes.values())
        if (runId === message.runId) this.flushes.delete(flushId);
    this.runs.get(message.runId)?.onMessage(message);
  }

  /** Handles the loss of the thread: its runs continue in a new one, or here if that dies too. */
  private lost(cause: unknown): void {
    this.seat = null;
    this.drain.leave();
    Atomics.store(this.wire, WireWord.owner, WireOwner.none);
    if (this.runs.size === 0) return;
    for (const [runId, run] of this.runs)
      this.runs.set(runId, { ...run, opening: { ...run.opening, continues: true, resumes: false } });
    const died = `the writer thread died (${threadFailure(cause)})`;
    // A missing file will not appear later.
    if (!isLeftBehind(cause) && this.respawns++ < RESPAWNS) {
      this.degrade('WRITER_REPLACED', `${died}; a new one took over`);
      this.start();
    } else {
      this.degrade('WRITER_IN_THREAD', `${died}; ${HERE}`);
      this.occupy(this.localSeat());
    }
  }

  private isAnyWaiting(): boolean {
    return [...this.runs.values()].some((run) => run.acknowledged() < run.committed());
  }

  private endSoon(): void {
    clearTimeout(this.endTimer);
    this.endTimer = setTimeout(() => this.endThread(), IDLE_THREAD_MS).unref();
  }

  private endThread(): void {
    if (this.runs.size > 0 || this.seat?.leave() !== true) return;
    this.seat = null;
    this.respawns = 0;
  }
}

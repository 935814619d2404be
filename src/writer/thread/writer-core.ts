import type { ArenaSource } from '../../channel/chunk-pool.js';
import { WireWord } from '../../channel/chunk-layout.js';
import { ExpmanError, errnoOf, messageOf } from '../../model/errors.js';
import { monotonicMs } from '../../model/monotonic.js';
import type { RunSummary } from '../../model/run-file.js';
import { RunStatus } from '../../model/run-status.js';
import { DescriptorCache } from '../../storage/descriptor-cache.js';
import type { FsPort } from '../../storage/fs-port.js';
import type { CallerFacts, FromWriter, PlainError, RunOpening } from './writer-messages.js';
import type { RunEnding } from '../../run/run-state.js';
import { RunSession } from '../session/run-session.js';
import type { ColumnarParts, SecondStage, SessionContext, YamlParts } from '../session/session-context.js';

const FEED_MS = 4;
const DEFAULT_INTERVAL_MS = 10;
const SEAL_ROWS = 128 * 1024;
/**
 * The time for which the opening of a run is retried: a disk may be full, or descriptors used up,
 * for a moment.
 */
const OPENING_PATIENCE_MS = 5_000;

/** The options of a {@link WriterCore}. */
export interface WriterCoreOptions {
  readonly fs: FsPort;
  /** The control words shared with the producer; see channel/chunk-layout.ts. */
  readonly wire: Int32Array;
  readonly arenas: ArenaSource;
  readonly post: (message: FromWriter) => void;
  readonly now?: () => number;
  readonly monotonic?: () => number;
  /** Given if YAML is already loaded. */
  readonly yamlParts?: YamlParts;
  /**
   * The number of rows after which a row group is sealed, not counting those that calls may still
   * join; default 131,072.
   */
  readonly sealRows?: number;
  /** True if the process is ending: there will be no second stage, and no run waits for it. */
  readonly walOnly?: boolean;
}

/**
 * The writer of all runs of one producer thread, without a loop: `writer-thread.ts` runs it in a
 * worker, the engine on the caller's thread if no worker is available.
 */
export class WriterCore {
  private readonly sessions = new Map<number, RunSession>();
  /** The runs that wait for the second stage, or for a file system that lets them be opened. */
  private readonly waiting = new Map<number, WaitingRun>();
  private readonly context: SessionContext;
  private second: SecondStage | null = null;
  /** True if there will be no second stage. */
  private hopeless: boolean;
  private yamlParts: YamlParts | null;
  /** The reason why there are only logs, if the second stage could not be loaded. */
  private logOnly: ExpmanError | null = null;

  constructor(private readonly options: WriterCoreOptions) {
    this.yamlParts = options.yamlParts ?? null;
    this.hopeless = options.walOnly === true;
    this.context = {
      fs: options.fs,
      files: new DescriptorCache(options.fs),
      arenas: options.arenas,
      post: (message) => this.posted(message),
      now: options.now ?? Date.now,
      monotonic: options.monotonic ?? monotonicMs,
      openRuns: () => this.sessions.size,
      walOnly: () => this.hopeless,
      yamlParts: () => this.yamlParts,
      sealRows: options.sealRows ?? SEAL_ROWS,
    };
  }

  /**
   * Sets the YAML parts once they are loaded, and writes the run.yaml files that waited for them.
   */
  attachYaml(yamlParts: YamlParts): void {
    this.yamlParts = yamlParts;
    for (const session of this.sessions.values()) session.tellCut();
  }

  /** Attaches the second stage once it is loaded, and passes it the records drained before. */
  attach(parts: ColumnarParts): void {
    this.second = { ...parts, gate: parts.publishGate(), sampler: new parts.SystemSampler(this.options.fs) };
    for (const session of this.sessions.values()) session.attach(this.second);
    for (const run of this.waiting.values()) this.tryToOpen(run);
  }

  /** Takes over a run. A continued run waits for the second stage, which is needed to read it. */
  open(opening: RunOpening): void {
    const run: WaitingRun = { opening, flushes: [], failure: null };
    if (opening.continues && this.second === null && !this.hopeless) this.waiting.set(opening.runId, run);
    else this.tryToOpen(run);
  }

  /** Receives the figures of the caller's thread. */
  callerSays(facts: CallerFacts): void {
    this.second?.sampler.callerSays(facts);
  }

  flush(runId: number, flushId: number, seq: number): void {
    this.waiting.get(runId)?.flushes.push([flushId, seq]);
    this.sessions.get(runId)?.flush(flushId, seq);
  }

  /** Ends a run that no longer has a producer; gives up a run that could not be opened. */
  end(runId: number, ending: RunEnding): void {
    const failed = this.waiting.get(runId);
    if (failed?.failure != null) this.giveUp(failed, failed.failure.error);
    this.sessions.get(runId)?.end(ending);
  }

  /** Drains every channel into the WAL once; returns the number of bytes. */
  drain(): number {
    let drained = 0;
    if (this.second !== null) for (const run of this.waiting.values()) this.tryToOpen(run);
    for (const session of this.sessions.values()) drained += session.drain();
    const { wire } = this.options;
    Atomics.add(wire, WireWord.heartbeat, 1);
    if (drained > 0) {
      Atomics.add(wire, WireWord.acknowledged, 1);
      Atomics.notify(wire, WireWord.acknowledged);
    }
    return drained;
  }

  /** Passes drained records to the second stage for a few milliseconds; true if there are more. */
  feed(): boolean {
    const until = performance.now() + FEED_MS;
    let more = false;
    for (const session of this.sessions.values()) {
      while (!session.fed && performance.now() < until) session.feed();
      more ||= !session.fed;
    }
    return more;
  }

  /**
   * Continues without a second stage, because the process is ending: waiting runs are written to
   * the WAL only.
   */
  goWithoutSecondStage(): void {
    this.hopeless = true;
    for (const run of this.waiting.values()) this.tryToOpen(run);
  }

  /**
   * Continues without a second stage, although the process goes on: rows are written only to the
   * WAL, and closing a run fails with the cause.
   */
  goWithLogOnly(cause: unknown): void {
    this.logOnly = new ExpmanError(
      'WRITE_FAILED',
      `the writer of metrics.parquet cannot be loaded (${messageOf(cause)}); rows are in the write-ahead log, and \`expman recover\` moves them into the file. If the program is bundled, mark expman-rx as external`,
      { cause },
    );
    this.goWithoutSecondStage();
    for (const session of this.sessions.values()) session.goWithLogOnly(this.logOnly);
  }

  /** Closes all files and leaves the runs as they are, for another writer to take over. */
  leave(): void {
    for (const session of this.sessions.values()) session.leave();
  }

  beat(): void {
    for (const session of this.sessions.values()) session.beat();
  }

  /** The shortest `walIntervalMs` of the open runs. */
  get intervalMs(): number {
    let interval = Infinity;
    for (const session of this.sessions.values()) interval = Math.min(interval, session.walIntervalMs);
    return Number.isFinite(interval) ? interval : DEFAULT_INTERVAL_MS;
  }

  get openRuns(): number {
    return this.sessions.size + this.waiting.size;
  }

  /**
   * Opens a run; if the file system refuses, retries at the next drain, as long as that may help.
   */
  private tryToOpen(run: WaitingRun): void {
    const { opening, flushes } = run;
    const { runId } = opening;
    try {
      const session = new RunSession(opening, this.context, this.second);
      this.sessions.set(runId, session);
      if (this.logOnly !== null) session.goWithLogOnly(this.logOnly);
    } catch (error) {
      const now = this.context.monotonic();
      const since = run.failure?.since ?? now;
      if (this.hopeless || !mayPass(error) || now - since >= OPENING_PATIENCE_MS) this.giveUp(run, error);
      else this.waiting.set(runId, { opening, flushes, failure: { since, error } });
      return;
    }
    this.waiting.delete(runId);
    for (const [flushId, seq] of flushes) this.flush(runId, flushId, seq);
  }

  private giveUp({ opening }: WaitingRun, error: unknown): void {
    this.waiting.delete(opening.runId);
    this.options.post({ kind: 'closed', runId: opening.runId, ...notOpened(opening, error) });
  }

  private posted(message: FromWriter): void {
    if (message.kind === 'closed') this.sessions.delete(message.runId);
    this.options.post(message);
  }
}

/** A run that is not open yet, with the flushes requested meanwhile. */
interface WaitingRun {
  readonly opening: RunOpening;
  readonly flushes: [flushId: number, seq: number][];
  /** The error of the last attempt to open it, and the time of the first. */
  readonly failure: { readonly since: number; readonly error: unknown } | null;
}

/** True if an error comes from the file system and not from the contents of the files. */
const mayPass = (error: unknown): boolean =>
  error instanceof ExpmanError ? error.code === 'IO' : errnoOf(error) !== undefined;

/** The summary and error for a run whose folder cannot be read or written. */
function notOpened(
  { folder }: RunOpening,
  error: unknown,
): { readonly summary: RunSummary; readonly error: PlainError } {
  const code = error instanceof ExpmanError ? error.code : 'WRITE_FAILED';
  return {
    summary: {
      status: RunStatus.Crashed,
      runDir: folder,
      rows: 0,
      accepted: 0,
      rewound: 0,
      dropped: 0,
      invalid: 0,
      lost: 0,
      durationMs: 0,
      metrics: new Map(),
      summary: {},
    },
    error: { code, message: messageOf(error), count: 0 },
  };
}

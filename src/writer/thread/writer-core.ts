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
/** How long the opening of a run is retried: a disk may be full, or descriptors used up, for a moment. */
const OPENING_PATIENCE_MS = 5_000;

/** What a {@link WriterCore} works with. */
export interface WriterCoreOptions {
  readonly fs: FsPort;
  /** The control words shared with the producer; see channel/chunk-layout.ts. */
  readonly wire: Int32Array;
  readonly arenas: ArenaSource;
  readonly post: (message: FromWriter) => void;
  readonly now?: () => number;
  readonly monotonic?: () => number;
  /** Given where YAML is loaded already. */
  readonly yamlParts?: YamlParts;
  /** Rows after which a row group is sealed, those that calls may still join left aside; default 131,072. */
  readonly sealRows?: number;
  /** True when the process is going down: no second stage will come, and no run waits for it. */
  readonly walOnly?: boolean;
}

/**
 * The writer of all runs of one producer thread, without a loop of its own: `writer-thread.ts` runs it in a worker,
 * the engine on the caller's thread where no worker can be had.
 */
export class WriterCore {
  private readonly sessions = new Map<number, RunSession>();
  /** Runs that wait for the second stage, or for a file system that lets them be opened. */
  private readonly waiting = new Map<number, WaitingRun>();
  private readonly context: SessionContext;
  private second: SecondStage | null = null;
  /** True when no second stage will come. */
  private hopeless: boolean;
  private yamlParts: YamlParts | null;
  /** Why there are only logs, when the second stage could not be loaded. */
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

  /** YAML is loaded: what waited to be written into run.yaml is written. */
  attachYaml(yamlParts: YamlParts): void {
    this.yamlParts = yamlParts;
    for (const session of this.sessions.values()) session.tellCut();
  }

  /** The second stage is loaded; it gets the records that were drained before. */
  attach(parts: ColumnarParts): void {
    this.second = { ...parts, gate: parts.publishGate(), sampler: new parts.SystemSampler(this.options.fs) };
    for (const session of this.sessions.values()) session.attach(this.second);
    for (const run of this.waiting.values()) this.tryToOpen(run);
  }

  /** Takes over a run. One that continues an earlier run waits for the second stage, which alone can read that. */
  open(opening: RunOpening): void {
    const run: WaitingRun = { opening, flushes: [], failure: null };
    if (opening.continues && this.second === null && !this.hopeless) this.waiting.set(opening.runId, run);
    else this.tryToOpen(run);
  }

  /** The caller's thread says how it is doing. */
  callerSays(facts: CallerFacts): void {
    this.second?.sampler.callerSays(facts);
  }

  flush(runId: number, flushId: number, seq: number): void {
    this.waiting.get(runId)?.flushes.push([flushId, seq]);
    this.sessions.get(runId)?.flush(flushId, seq);
  }

  /** Ends a run that has no producer any more; one that could not be opened is given up. */
  end(runId: number, ending: RunEnding): void {
    const failed = this.waiting.get(runId);
    if (failed?.failure != null) this.giveUp(failed, failed.failure.error);
    this.sessions.get(runId)?.end(ending);
  }

  /** Drains every channel into the WAL once; returns how many bytes came. */
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

  /** Hands drained records to the second stage for a few milliseconds; true when there are more. */
  feed(): boolean {
    const until = performance.now() + FEED_MS;
    let more = false;
    for (const session of this.sessions.values()) {
      while (!session.fed && performance.now() < until) session.feed();
      more ||= !session.fed;
    }
    return more;
  }

  /** The process is going down: what waits for the second stage goes into the WAL without it. */
  goWithoutSecondStage(): void {
    this.hopeless = true;
    for (const run of this.waiting.values()) this.tryToOpen(run);
  }

  /**
   * No second stage will come, though the process goes on: rows go into the WAL alone, and the close of a run fails with the cause.
   */
  goWithLogOnly(cause: unknown): void {
    this.logOnly = new ExpmanError(
      'WRITE_FAILED',
      `the part that writes metrics.parquet cannot be loaded (${messageOf(cause)}); rows are in the write-ahead log, and \`expman recover\` brings them into the file. Of a bundled program, leave expman-rx out of the bundle`,
      { cause },
    );
    this.goWithoutSecondStage();
    for (const session of this.sessions.values()) session.goWithLogOnly(this.logOnly);
  }

  /** Closes all files and leaves the runs as they are; another writer takes over. */
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

  /** Opens a run; what the file system refuses is tried again at the next drain, as long as that may help. */
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

/** A run that is not open yet, and the flushes that were asked of it meanwhile. */
interface WaitingRun {
  readonly opening: RunOpening;
  readonly flushes: [flushId: number, seq: number][];
  /** Why it could not be opened the last time, and since when. */
  readonly failure: { readonly since: number; readonly error: unknown } | null;
}

/** Whether an error comes from the file system and not from the contents of the files. */
const mayPass = (error: unknown): boolean =>
  error instanceof ExpmanError ? error.code === 'IO' : errnoOf(error) !== undefined;

/** Summary and error for a run whose folder cannot be read or written. */
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
    },
    error: { code, message: messageOf(error), count: 0 },
  };
}

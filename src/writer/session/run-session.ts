import { ChannelReader } from '../../channel/channel-reader.js';
import type { ArenaSource } from '../../channel/chunk-pool.js';
import type { SplitRecords } from '../../channel/records.js';
import { RunControl, RunTrouble } from '../../channel/run-control.js';
import { attempt } from '../../model/attempt.js';
import { ExpmanError, errnoOf, messageOf } from '../../model/errors.js';
import { callsLost, mergeLosses } from '../../model/losses.js';
import { formatLogLine } from '../../run/log-line.js';
import type { MetricSummary } from '../../model/metric.js';
import type { Degradation, Loss, RunCounts, RunFile, RunIdentity, RunSummary } from '../../model/run-file.js';
import { RunStatus, isRunStatus } from '../../model/run-status.js';
import type { Step } from '../../model/step.js';
import type { DescriptorCache } from '../../storage/descriptor-cache.js';
import type { FsPort } from '../../storage/fs-port.js';
import { HEARTBEAT_MS, beatLock } from '../../storage/lock-file.js';
import { holdsLock, releaseLock } from '../../storage/run-lock.js';
import { withShortage } from '../../storage/shortage.js';
import type { FromWriter, PlainError, RunOpening } from '../thread/writer-messages.js';
import { sessionStartMs } from '../../run/lasted-ms.js';
import { loadState } from '../../run/load-state.js';
import type { Gate } from '../paths/publish-gate.js';
import type { FlushOutcome } from '../paths/flush-outcome.js';
import type { RunPipeline } from '../paths/run-pipeline.js';
import { ReserveFile } from './reserve-file.js';
import { RowJoiner } from '../../run/rows/row-joiner.js';
import { type RunEnding, RunState } from '../../run/run-state.js';
import { spanRowsFor } from '../../run/rows/span-rows.js';
import type { SystemFile } from '../system/system-file.js';
import type { SystemSampler } from '../system/system-sampler.js';
import { removeLeftovers, removeSegments } from './tidy.js';
import { healLog } from '../files/append-log.js';
import { WalStage } from './wal-stage.js';

const RETRY_MS = 1_000;
/** A run that is over before is not worth a reserve: 1,000 of them would make as many files. */
const RESERVE_AFTER_MS = 1_000;
/**
 * Lines that wait for run.log; a checkpoint, which holds them, must not outgrow a frame.
 *
 * @bound tells: dropped lines are counted; specs/engine/refused.spec.ts "keeps a bounded number of lines for run.log, drops and counts the others, and goes on with its rows"
 */
const MAX_PENDING_TEXT = 16 * 1024 * 1024;

/** What all runs of a writer share. */
export interface SessionContext {
  readonly fs: FsPort;
  readonly files: DescriptorCache;
  readonly arenas: ArenaSource;
  readonly post: (message: FromWriter) => void;
  /** Milliseconds since the epoch: for stamps, never for intervals. */
  readonly now: () => number;
  /** See model/monotonic.ts. */
  readonly monotonic: () => number;
  readonly openRuns: () => number;
  /** No second stage will come. */
  readonly walOnly: () => boolean;
  /** Rows after which a row group is sealed. */
  readonly sealRows: number;
  /** Null while YAML is still loading. */
  readonly yamlParts: () => YamlParts | null;
}

/** The parts of the writer that need YAML. */
export type YamlParts = typeof import('../thread/yaml-parts.js');

/** The parts of the writer that need Arrow, Parquet and RxJS; loaded after the first drain. */
export type ColumnarParts = typeof import('../thread/columnar-parts.js');

/** The same, with the gate and the sampler all runs share. */
export interface SecondStage extends Pick<
  ColumnarParts,
  'RunPipeline' | 'SystemFile' | 'loadRun' | 'readIdentity'
> {
  readonly gate: Gate;
  readonly sampler: SystemSampler;
}

interface Waiter {
  readonly flushId: number;
  readonly seq: number;
}

/**
 * One run in the writer: WAL first, then the pipeline, then the files that say how the run is.
 *
 * `drain` may run before Arrow is loaded; what it brings waits in a queue until `attach`.
 */
export class RunSession {
  closed = false;
  private readonly control: RunControl;
  private readonly state: RunState;
  private readonly wal: WalStage;
  private readonly reserve: ReserveFile;
  private readonly openedAt: number;
  private readonly queue: { readonly split: SplitRecords; readonly bytes: number }[] = [];
  private queuedBytes = 0;
  private pipeline: RunPipeline | null = null;
  private system: SystemFile | null = null;
  private completing = false;
  private waiters: Waiter[] = [];
  private degraded: Degradation | null;
  private lastRunFileAt: number;
  private lastBeatAt: number;
  private lastRetryAt: number;
  /** Parameters that config.yaml has no room for. */
  private paramsLeftOut = 0;
  private readonly joiner: RowJoiner;
  /** Calls that are in the files of earlier writers, and rows of earlier sessions before rewinds take some out. */
  private readonly callsBefore: number;
  private readonly rowsBefore: number;
  private readonly rewoundBefore: number;
  private identity: RunIdentity;
  /** Records that are gone, of this owner and of earlier ones. */
  private losses: readonly Loss[] = [];
  /** Segments to keep under another name when all others go. */
  private readonly kept: ReadonlySet<string>;

  constructor(
    private readonly opening: RunOpening,
    private readonly context: SessionContext,
    second: SecondStage | null,
  ) {
    const { options, folder, identity, owner } = opening;
    const { fs, files, arenas } = context;
    this.control = new RunControl(opening.control);
    this.openedAt = this.lastRunFileAt = this.lastBeatAt = this.lastRetryAt = context.monotonic();
    this.reserve = new ReserveFile(fs, folder);
    this.degraded = opening.degraded;
    this.identity = identity;
    removeLeftovers(fs, folder);
    const load = second?.loadRun ?? loadState;
    const loaded = opening.continues ? load(fs, folder, identity.uuid, owner.epoch) : null;
    this.state = loaded?.state ?? new RunState();
    this.callsBefore = loaded?.calls ?? 0;
    this.rowsBefore = (loaded?.rows ?? 0) - (loaded?.joiner?.rows ?? 0);
    this.rewoundBefore = loaded?.published?.facts.rewound ?? 0;
    this.joiner = loaded?.joiner ?? new RowJoiner(undefined, opening.isCopy !== true);
    this.kept = loaded?.kept ?? new Set();
    this.wal = new WalStage({
      place: { fs, files, folder, runUuid: identity.uuid, epoch: owner.epoch },
      reader: new ChannelReader(this.control, arenas),
      control: this.control,
      state: this.state,
      joiner: this.joiner,
      power: options.durability === 'power',
      maxSpanRows: spanRowsFor(options.flushIntervalRows),
      firstSegment: loaded?.nextSegment ?? 0,
      replayedTo: loaded?.replayedTo ?? 0,
    });
    if (second !== null) {
      // What may fail comes before the pipeline, whose timers would go on without a session.
      if (loaded !== null) this.identity = this.continuedIdentity(second, loaded.lastStep);
      if (loaded !== null) this.addLosses(loaded.losses);
      this.attach(second);
      if (loaded?.published != null) this.pipeline?.rows.continueFrom(loaded.published, loaded.reopens);
      for (const item of loaded?.items ?? []) this.pipeline?.rows.next(item);
      if (this.state.log.pending.length > 0) this.pipeline?.line('');
    }
  }

  /** The identity with its marks as run.yaml has them; the newest says behind which step the run was taken up again. */
  private continuedIdentity({ readIdentity }: SecondStage, lastStep: Step | null): RunIdentity {
    const { fs } = this.context;
    const { folder, identity, resumes } = this.opening;
    const { file, identity: written } = readIdentity(fs, folder);
    if (!resumes) return { ...identity, ...(written.resumed !== undefined && { resumed: written.resumed }) };
    const marks = identity.resumed ?? [];
    const resumed = marks.map((mark, at) => (at === marks.length - 1 ? { ...mark, step: lastStep } : mark));
    const known = { ...identity, resumed };
    attempt(() => this.yaml.reopenRunFile(fs, folder, file, known, this.context.now()));
    return known;
  }

  /** Adds to what run.yaml says is lost, before anything is published behind a gap, which hides it from the next look. */
  private addLosses(found: readonly Loss[]): void {
    const { fs } = this.context;
    const { folder } = this.opening;
    const known = this.yaml.knownLosses(fs, folder);
    this.losses = mergeLosses(known, found);
    if (this.losses.length !== known.length)
      attempt(() => this.yaml.tellLosses(fs, folder, this.losses, this.rows));
  }

  /** Bytes of rows in this thread's memory that are in no file but the WAL. */
  get pendingBytes(): number {
    return this.queuedBytes + (this.pipeline?.rows.pendingBytes ?? 0);
  }

  get walIntervalMs(): number {
    return this.opening.options.walIntervalMs;
  }

  /** True when there is nothing to feed to the pipeline. */
  get fed(): boolean {
    return this.queue.length === 0 || this.pipeline === null;
  }

  attach({ RunPipeline, SystemFile, gate, sampler }: SecondStage): void {
    const { options, folder, identity, owner } = this.opening;
    const { fs, files, openRuns, sealRows } = this.context;
    this.pipeline = new RunPipeline({
      fs,
      files,
      folder,
      runUuid: identity.uuid,
      epoch: owner.epoch,
      state: this.state,
      power: options.durability === 'power',
      flushIntervalMs: options.flushIntervalMs,
      flushIntervalRows: options.flushIntervalRows,
      compress: options.compression !== 'none',
      sealRows,
      onPublishing: () => this.rotate(),
      onPublished: (watermark) => {
        if (watermark.epoch === owner.epoch) this.wal.dropBelow(watermark.seq);
        this.afterPublish();
      },
      onRewound: (rows, fromStep) => this.tellRewound(rows, fromStep),
      mayReplace: () => holdsLock(fs, folder, owner),
      onOutcome: (outcome) => this.told(outcome),
      onParamsLeftOut: (count) => this.tellParamsLeftOut(count),
      openRuns,
      gate,
    });
    if (options.systemMetrics !== false)
      this.system = new SystemFile({
        ...{ fs, files, folder, gate, sampler },
        runUuid: identity.uuid,
        intervalMs: options.systemMetrics.intervalMs,
        compress: options.compression !== 'none',
        mayReplace: () => holdsLock(fs, folder, owner),
        onFailed: (error) => this.tellSystemFailed(error),
      });
    const { done$ } = this.pipeline;
    (this.system?.endAfter(done$) ?? done$).subscribe({
      next: (outcome) => this.finish(outcome),
      error: (error: unknown) => this.finish({ kind: 'failed', error }),
    });
  }

  /** Moves what the channel holds into the WAL; returns how many bytes. */
  drain(): number {
    if (this.closed || this.backlogged) return 0;
    const had = this.wal.trouble;
    const drained = this.wal.drain((split, bytes) => {
      // Without a second stage to come the WAL has them, and who takes over reads them there.
      if (!this.context.walOnly()) {
        this.queue.push({ split, bytes });
        this.queuedBytes += bytes;
      }
      this.tellCut();
    });
    if (this.wal.trouble !== null && had === null) this.told({ kind: 'failed', error: this.wal.trouble });
    if (this.wal.trouble === null && had !== null) this.told({ kind: 'written' });
    this.answerWaiters();
    return drained;
  }

  /** Says in run.yaml that the process is ending; the process waits for that. */
  tellCut(): void {
    const { ending } = this.state;
    if (ending?.cut !== true || this.context.yamlParts() === null) return;
    // A writer that only drains has read the log alone.
    if (this.pipeline === null && this.opening.continues)
      attempt(() => (this.losses = this.yaml.knownLosses(this.context.fs, this.opening.folder)));
    this.reserve.release();
    attempt(() => this.writeRunFile(ending.status));
    this.control.markTold();
  }

  /** Hands one drained frame to the pipeline. */
  feed(): void {
    const next = this.queue.shift();
    if (next === undefined || this.pipeline === null) return;
    this.queuedBytes -= next.bytes;
    for (const mark of next.split.rewinds) this.pipeline.rows.next(mark);
    for (const span of next.split.spans) this.pipeline.rows.next(span);
    for (const line of next.split.lines) this.pipeline.line(line);
    for (const text of next.split.params) this.pipeline.params(text);
    if (next.split.close !== null && this.state.ending?.cut === false && !this.completing) {
      this.completing = true;
      this.pipeline.complete();
    }
  }

  /** Answers once `seq` records are in the WAL, or at once when they cannot be. */
  flush(flushId: number, seq: number): void {
    this.waiters.push({ flushId, seq });
    this.answerWaiters();
  }

  /** Tells the world that the run lives, and tries again what failed, now and then. */
  beat(): void {
    if (this.closed) return;
    const now = this.context.monotonic();
    const failed = this.degraded !== this.opening.degraded && !this.completing;
    if (failed && now - this.lastRetryAt >= RETRY_MS) {
      this.lastRetryAt = now;
      this.pipeline?.retry();
    }
    // A disk that is full gets its reserve back once nothing waits for it any more.
    if (
      this.degraded === this.opening.degraded &&
      !this.completing &&
      now - this.openedAt >= RESERVE_AFTER_MS
    )
      this.reserve.keep();
    if (now - this.lastBeatAt < HEARTBEAT_MS) return;
    this.lastBeatAt = now;
    const { folder, owner } = this.opening;
    attempt(() => beatLock(this.context.fs, folder, owner, this.lastedMs));
  }

  /** Ends a run that nobody will send anything for any more: what is in its channel is in the WAL already. */
  end(ending: RunEnding): void {
    this.state.ending = ending;
    if (this.completing || this.pipeline === null) return;
    this.completing = true;
    this.pipeline.complete();
  }

  /** What comes stays in shared memory while the second stage has more than its share of rows, or of lines. */
  private get backlogged(): boolean {
    if (this.context.walOnly()) return false;
    const share = this.opening.options.maxBufferedBytes / 2;
    // Nothing comes before the interval is over that they wait for, and it may be an hour.
    if (this.pendingBytes > share) this.pipeline?.rows.hurry();
    if (this.pendingBytes > share) return true;
    if (this.state.pendingText <= MAX_PENDING_TEXT) return false;
    // A caller that waits for room is not to wait for a run.log that cannot be written.
    if (this.degraded !== this.opening.degraded) this.control.trouble = RunTrouble.disk;
    return true;
  }

  private tellSystemFailed(error: unknown): void {
    this.context.post({ kind: 'system failed', runId: this.opening.runId, message: messageOf(error) });
  }

  private tellRewound(rows: number, fromStep: Step): void {
    const message = `rewound to step ${fromStep}: ${rows} ${rows === 1 ? 'row' : 'rows'} of earlier sessions taken out`;
    this.state.addLine(formatLogLine('info', message, { fromStep, rows }, this.context.now()));
    this.pipeline?.line('');
  }

  private tellParamsLeftOut(count: number): void {
    this.paramsLeftOut = count;
    this.context.post({ kind: 'params left out', runId: this.opening.runId, count });
  }

  private get yaml(): YamlParts {
    const yaml = this.context.yamlParts();
    if (yaml === null) throw new Error('the writer of run.yaml is not loaded yet');
    return yaml;
  }

  /** Closes the files and leaves them as they are. */
  leave(): void {
    this.closed = true;
    this.reserve.release();
    this.wal.leave();
    this.pipeline?.leave();
    this.system?.leave();
  }

  private rotate(): void {
    // A new segment may be refused on a full disk; the old one then serves on.
    attempt(() => this.wal.rotate());
  }

  private afterPublish(): void {
    this.postHealth();
    const sinceRunFile = this.context.monotonic() - this.lastRunFileAt;
    if (sinceRunFile >= HEARTBEAT_MS && this.state.ending === null)
      attempt(() => this.writeRunFile(RunStatus.Running));
  }

  private told(outcome: FlushOutcome): void {
    const before = this.degraded;
    if (outcome.kind === 'failed') {
      if (outcome.error instanceof ExpmanError && outcome.error.code === 'FENCED')
        this.control.trouble = RunTrouble.fenced;
      this.degraded ??= degradationOf(outcome.error, this.context.now(), this.opening.folder);
      this.reserve.release();
    } else if (this.wal.trouble === null) this.degraded = this.opening.degraded;
    if (this.degraded === before || this.completing) return;
    this.postHealth();
    attempt(() => this.writeRunFile(this.state.ending?.status ?? RunStatus.Running));
  }

  private postHealth(): void {
    // Calls of earlier owners are in the file too; health speaks of this process.
    const earlier = this.calls - this.wal.calls;
    const published = Math.max(0, (this.pipeline?.rows.publishedCalls ?? 0) - earlier);
    const publishes = this.pipeline?.rows.publishes ?? { count: 0, totalMs: 0 };
    this.context.post({
      kind: 'health',
      runId: this.opening.runId,
      published,
      publishes,
      degraded: this.degraded,
    });
  }

  private answerWaiters(): void {
    if (this.waiters.length === 0) return;
    const error = this.wal.trouble === null ? null : this.plainError(this.wal.trouble);
    const answered = this.waiters.filter(({ seq }) => seq <= this.wal.seq || error !== null);
    for (const { flushId, seq } of answered)
      this.context.post({
        kind: 'flushed',
        runId: this.opening.runId,
        flushId,
        error: seq <= this.wal.seq ? null : error,
      });
    this.waiters = this.waiters.filter((waiter) => !answered.includes(waiter));
  }

  private finish(outcome: FlushOutcome): void {
    const { fs } = this.context;
    const { folder, owner, runId, options } = this.opening;
    const status = this.status();
    // What is told of the end is of one moment, wherever it is told.
    const { endedAtMs, lastedMs: durationMs } = this;
    this.state.ending = { status, cut: false, ...this.state.ending, endedAtMs, durationMs };
    this.reserve.release();
    let failure: unknown = outcome.kind === 'failed' ? outcome.error : null;
    if (failure === null)
      failure = firstFailure(
        () => {
          if (!holdsLock(fs, folder, owner))
            throw new ExpmanError('FENCED', `another owner has taken over ${folder}`, { path: folder });
        },
        () => healLog({ fs, folder, power: options.durability === 'power' }, this.state),
        () => {
          if (Object.keys(this.state.params).length > 0)
            this.paramsLeftOut = this.yaml.writeConfigFile(fs, folder, this.state);
        },
        () => this.writeRunFile(status),
        () => this.wal.removeAll(),
        () => removeSegments(fs, folder, this.identity.uuid, this.kept),
        // A draft whose removal was refused when the next one took its place.
        () => removeLeftovers(fs, folder),
        () => releaseLock(fs, folder, owner),
        () => fs.syncFolder(folder),
      );
    if (failure !== null) {
      this.degraded ??= degradationOf(failure, this.context.now(), this.opening.folder);
      // For whoever finds the run; its process may only have the rejected close to go by.
      attempt(() => {
        if (holdsLock(fs, folder, owner)) this.writeRunFile(RunStatus.Running);
      });
      this.wal.leave();
    }
    this.pipeline?.leave();
    this.system?.leave();
    this.closed = true;
    this.control.close();
    const error = failure === null ? null : this.plainError(failure);
    this.context.post({ kind: 'closed', runId, summary: this.summary(status), error });
    for (const { flushId } of this.waiters.splice(0))
      this.context.post({ kind: 'flushed', runId, flushId, error });
  }

  private status(): RunStatus {
    const status = this.state.ending?.status;
    return isRunStatus(status) ? status : RunStatus.Finished;
  }

  private writeRunFile(status: string): void {
    const { identity } = this;
    const { folder } = this.opening;
    this.lastRunFileAt = this.context.monotonic();
    const { ending, facts } = this.state;
    const run: RunFile = {
      ...identity,
      status: isRunStatus(status) ? status : RunStatus.Running,
      ...(ending !== null && { endedAt: new Date(this.endedAtMs).toISOString() }),
      durationMs: this.lastedMs,
      heartbeatAt: new Date(this.context.now()).toISOString(),
      counts: this.counts,
      lastStep: this.pipeline?.rows.lastStep ?? null,
      losses: this.losses,
      metrics: this.metrics(),
      ...(ending?.error !== undefined && { error: ending.error }),
      ...(ending?.exitCode !== undefined && { exitCode: ending.exitCode }),
      ...(this.degraded !== null && { degraded: this.degraded }),
    };
    const { paramsLeftOut } = this;
    this.yaml.writeRunFile(this.context.fs, folder, run, {
      ...facts,
      ...(paramsLeftOut > 0 && { paramsLeftOut }),
    });
  }

  private get counts(): RunCounts {
    const { control, opening, rows, calls, rewound } = this;
    const lost = callsLost(this.losses);
    return {
      rows,
      accepted: calls + lost,
      rewound,
      dropped: opening.before.dropped + control.dropped,
      invalid: opening.before.invalid + control.invalid,
      lost,
    };
  }

  /** How long the run has lasted, its sessions summed; one that is only brought to its end lasts no longer. */
  private get lastedMs(): number {
    return this.state.ending?.durationMs ?? this.opening.clock.lastedMs + this.sessionMs;
  }

  private get sessionMs(): number {
    return Math.round(Math.max(0, this.context.monotonic() - this.opening.clock.takenAtMs));
  }

  /** Where the clock was set back meanwhile, the session ends no sooner than after it lasted. */
  private get endedAtMs(): number {
    const soonest = sessionStartMs(this.identity) + this.sessionMs;
    return this.state.ending?.endedAtMs ?? Math.max(this.context.now(), soonest);
  }

  /** What the file would hold if it were published now. */
  private get rows(): number {
    return this.rowsBefore + this.joiner.rows - (this.rewound - this.rewoundBefore);
  }

  /** Calls that were taken, those that are lost left out. */
  private get calls(): number {
    return this.callsBefore + this.wal.newCalls;
  }

  private get rewound(): number {
    return this.pipeline?.rows.rewound ?? this.rewoundBefore;
  }

  private metrics(): Map<string, MetricSummary> {
    return this.pipeline?.rows.summaries.toSummary() ?? new Map<string, MetricSummary>();
  }

  private summary(status: RunStatus): RunSummary {
    return {
      status,
      runDir: this.opening.folder,
      ...this.counts,
      durationMs: this.lastedMs,
      metrics: this.metrics(),
    };
  }

  private plainError(error: unknown): PlainError {
    const code = error instanceof ExpmanError && error.code === 'FENCED' ? 'FENCED' : 'WRITE_FAILED';
    const errno = error instanceof ExpmanError ? error.errno : errnoOf(error);
    return {
      code,
      message: messageOf(error),
      count: this.calls - (this.pipeline?.rows.publishedCalls ?? 0),
      ...(errno !== undefined && { errno }),
    };
  }
}

function degradationOf(error: unknown, now: number, folder: string): Degradation {
  const code =
    error instanceof ExpmanError ? (error.errno ?? error.code) : (errnoOf(error) ?? 'WRITE_FAILED');
  return {
    code,
    message: code === 'ENOSPC' ? withShortage(messageOf(error), folder) : messageOf(error),
    since: new Date(now).toISOString(),
  };
}

function firstFailure(...actions: (() => void)[]): unknown {
  for (const action of actions) {
    try {
      action();
    } catch (error) {
      return error;
    }
  }
  return null;
}

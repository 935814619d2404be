import { ChannelReader } from '../../channel/channel-reader.js';
import type { SplitRecords } from '../../channel/records.js';
import { RunControl, RunTrouble } from '../../channel/run-control.js';
import { attempt } from '../../model/attempt.js';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { RunStatus } from '../../model/run-status.js';
import { inNumber } from '../../pure/quantity.js';
import type { Step } from '../../model/step.js';
import { stopText } from '../../model/stop-request.js';
import { type LoadedRun, loadState } from '../../run/load-state.js';
import { formatLogLine } from '../../run/log-line.js';
import { RowJoiner } from '../../run/rows/row-joiner.js';
import { spanRowsFor } from '../../run/rows/span-rows.js';
import { type RunEnding, RunState } from '../../run/run-state.js';
import { HEARTBEAT_MS } from '../../storage/lock-file.js';
import { holdsLock } from '../../storage/run-lock.js';
import type { RunPlace } from '../../storage/run-place.js';
import type { FlushOutcome } from '../paths/flush-outcome.js';
import type { RunPipeline } from '../paths/run-pipeline.js';
import type { SystemFile } from '../system/system-file.js';
import type { RunOpening } from '../thread/writer-messages.js';
import { closeRun } from './close-run.js';
import { FlushWaiters } from './flush-waiters.js';
import { RunReport } from './run-report.js';
import type { SecondStage, SessionContext } from './session-context.js';
import type { SessionAlerts } from './session-alerts.js';
import { StopWatch } from './stop-watch.js';
import { removeLeftovers } from './tidy.js';
import { Upkeep } from './upkeep.js';
import { WalStage } from './wal-stage.js';

/**
 * The most characters of lines that wait for run.log; a checkpoint, which holds them, must fit into
 * a frame.
 *
 * @bound tells: dropped lines are counted; specs/engine/refused.spec.ts "keeps a bounded number of lines for run.log, drops and counts the others, and goes on with its rows"
 */
const MAX_PENDING_TEXT = 16 * 1024 * 1024;

/**
 * One run in the writer: WAL first, then the pipeline, then the files with the state of the run.
 *
 * `drain` may run before Arrow is loaded; its records wait in a queue until `attach`.
 */
export class RunSession {
  closed = false;
  private readonly place: RunPlace;
  private readonly control: RunControl;
  private readonly wal: WalStage;
  private readonly report: RunReport;
  private readonly upkeep: Upkeep;
  private readonly queue: { readonly split: SplitRecords; readonly bytes: number }[] = [];
  private queuedBytes = 0;
  private pipeline: RunPipeline | null = null;
  private system: SystemFile | null = null;
  /** Null without a webhook, and before the second stage is there. */
  private alerts: SessionAlerts | null = null;
  private readonly stop: StopWatch;
  private completing = false;
  /** The reason why rows stay in the log, if they do. */
  private logOnly: ExpmanError | null = null;
  private readonly waiters: FlushWaiters;
  /** The segments to keep under another name when all others are removed. */
  private readonly kept: ReadonlySet<string>;

  constructor(
    private readonly opening: RunOpening,
    private readonly context: SessionContext,
    second: SecondStage | null,
  ) {
    const { options, folder, identity, owner } = opening;
    const { fs, files, arenas } = context;
    this.place = { fs, files, folder, runUuid: identity.uuid, epoch: owner.epoch };
    const retry = (): void => this.pipeline?.retry();
    this.upkeep = new Upkeep({ fs, folder, owner, monotonic: context.monotonic, retry });
    this.waiters = new FlushWaiters(opening.runId, context.post);
    removeLeftovers(fs, folder);
    const load = second?.loadRun ?? loadState;
    const loaded = opening.continues ? load(fs, folder, identity.uuid, owner.epoch) : null;
    this.kept = loaded?.kept ?? new Set();
    const control = (this.control = new RunControl(opening.control));
    const joiner = loaded?.joiner ?? new RowJoiner(undefined, opening.isCopy !== true);
    const wal = (this.wal = new WalStage({
      place: this.place,
      control,
      joiner,
      reader: new ChannelReader(control, arenas),
      state: loaded?.state ?? new RunState(),
      power: options.durability === 'power',
      maxSpanRows: spanRowsFor(options.flushIntervalRows),
      firstSegment: loaded?.nextSegment ?? 0,
      replayedTo: loaded?.replayedTo ?? 0,
    }));
    this.stop = new StopWatch({
      ...{ opening, context },
      onRequest: (request) => {
        control.markStopRequested();
        context.post({ kind: 'stop requested', runId: opening.runId, request });
        this.addLine('info', stopText(request));
      },
    });
    this.report = new RunReport({ opening, context, control, wal, joiner, loaded });
    if (second === null) return;
    // Steps that may fail come before the pipeline, whose timers would continue without a session.
    if (loaded !== null) this.report.takeUp(second, loaded);
    this.attach(second, loaded);
    for (const item of loaded?.items ?? []) this.pipeline?.next(item);
    if (wal.log.pending.length > 0) this.pipeline?.lineCame();
    if (loaded !== null) this.alerts?.sendLeft();
    // The end of the run may be in the log of a writer that died after receiving it: the engine
    // does not send it again.
    if (wal.state.ending?.cut === false) this.complete();
  }

  /** The number of bytes of rows in this thread's memory that are only in the WAL. */
  get pendingBytes(): number {
    return this.queuedBytes + (this.pipeline?.pendingBytes ?? 0);
  }

  get walIntervalMs(): number {
    return this.opening.options.walIntervalMs;
  }

  /** True if there is nothing to feed to the pipeline. */
  get fed(): boolean {
    return this.queue.length === 0 || this.pipeline === null;
  }

  /** Attaches the second stage; `loaded` is the state left by earlier owners. */
  attach(second: SecondStage, loaded: LoadedRun | null = null): void {
    const { gate } = second;
    const { options, folder, owner, runId } = this.opening;
    const { fs, openRuns, sealRows, post } = this.context;
    const { place, wal } = this;
    const { compression } = options;
    const mayReplace = (): boolean => holdsLock(fs, folder, owner);
    const pipeline = new second.RunPipeline({
      ...{ place, loaded, compression, sealRows, openRuns, gate, mayReplace },
      state: wal.state,
      lines: wal,
      power: options.durability === 'power',
      flushIntervalMs: options.flushIntervalMs,
      flushIntervalRows: options.flushIntervalRows,
      // A new segment may be refused on a full disk; the old one is then used further.
      onPublishing: () => attempt(() => wal.rotate()),
      onPublished: (watermark) => {
        if (watermark.epoch === owner.epoch) wal.dropBelow(watermark.seq);
        this.afterPublish();
      },
      onRewound: (rows, fromStep) => this.tellRewound(rows, fromStep),
      onOutcome: (outcome) => this.noteOutcome(outcome),
      onParamsLeftOut: (count) => this.tellParamsLeftOut(count),
    });
    this.pipeline = pipeline;
    this.report.attach(pipeline);
    if (options.systemMetrics !== false)
      this.system = new second.SystemFile({
        ...{ place, compression, gate, mayReplace },
        sampler: second.sampler,
        intervalMs: options.systemMetrics.intervalMs,
        onFailed: (error) => post({ kind: 'system failed', runId, message: messageOf(error) }),
      });
    const { webhook = null } = this.opening;
    if (webhook !== null)
      this.alerts = new second.SessionAlerts({
        ...{ opening: this.opening, webhook, context: this.context, wal },
        log: (level, message) => this.addLine(level, message),
        onMarked: () => this.noteMarked(),
      });
    this.alerts?.send();
    const { done$ } = pipeline;
    (this.system?.endAfter(done$) ?? done$).subscribe({
      next: (outcome) => this.finish(outcome),
      error: (error: unknown) => this.finish({ kind: 'failed', error }),
    });
  }

  /** Moves the content of the channel into the WAL; returns the number of bytes. */
  drain(): number {
    if (this.closed || this.backlogged) return 0;
    const had = this.wal.trouble;
    const drained = this.wal.drain((split, bytes) => {
      // Without a second stage, the next owner reads them from the WAL.
      if (!this.context.walOnly()) {
        this.queue.push({ split, bytes });
        this.queuedBytes += bytes;
      }
      this.tellCut();
      if (split.facts.length > 0 && !this.context.walOnly()) this.alerts?.send();
    });
    if (this.wal.trouble !== null && had === null)
      this.noteOutcome({ kind: 'failed', error: this.wal.trouble });
    if (this.wal.trouble === null && had !== null) this.noteOutcome({ kind: 'written' });
    this.answerWaiters();
    this.completeIfEnded();
    return drained;
  }

  /** Records in run.yaml that the process is ending; the process waits for that. */
  tellCut(): void {
    const { ending } = this.wal.state;
    if (ending?.cut !== true || this.context.yamlParts() === null) return;
    if (this.pipeline === null && this.opening.continues) this.report.readLosses();
    this.upkeep.release();
    attempt(() => this.report.writeRunFile(ending.status));
    this.control.markCutNoted();
  }

  /** Passes one drained frame to the pipeline. */
  feed(): void {
    const next = this.queue.shift();
    if (next === undefined || this.pipeline === null) return;
    this.queuedBytes -= next.bytes;
    for (const mark of next.split.rewinds) this.pipeline.next(mark);
    for (const span of next.split.spans) this.pipeline.next(span);
    for (let line = 0; line < next.split.lines.length; line++) this.pipeline.lineCame();
    if (next.split.params.length > 0) this.pipeline.paramsCame();
    if (next.split.close !== null && this.wal.state.ending?.cut === false) this.complete();
  }

  /** Answers once `seq` records are in the WAL, or at once if they cannot be written. */
  flush(flushId: number, seq: number): void {
    this.waiters.add(flushId, seq);
    this.answerWaiters();
  }

  /** Sends a heartbeat and retries failed work, when due. */
  beat(): void {
    if (this.closed) return;
    const { report, completing: isCompleting } = this;
    const { isFailing } = report;
    this.stop.look();
    this.upkeep.beat({ isFailing, isCompleting, lastedMs: () => report.lastedMs });
  }

  /**
   * Continues without a second stage: drained records stay in the WAL, and closing the run fails.
   */
  goWithLogOnly(cause: ExpmanError): void {
    this.logOnly = cause;
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.noteOutcome({ kind: 'failed', error: cause });
    this.completeIfEnded();
  }

  /** Ends a run that no longer has a producer: the content of its channel is already in the WAL. */
  end(ending: RunEnding): void {
    this.wal.end(ending);
    this.complete();
  }

  /** Completes the pipeline after the last record: pending data is written, and the run closed. */
  private complete(): void {
    const { pipeline, logOnly, alerts } = this;
    if (this.completing || (pipeline === null && logOnly === null)) return;
    const { exitTimeoutMs } = this.opening.options;
    if (alerts?.isSettled(exitTimeoutMs, () => this.complete()) === false) return;
    this.completing = true;
    if (pipeline !== null) pipeline.complete();
    else this.finish({ kind: 'failed', error: logOnly });
  }

  /** Completes a run whose rows stay in the log once its end is drained. */
  private completeIfEnded(): void {
    if (this.logOnly !== null && this.wal.state.ending?.cut === false) this.complete();
  }

  /**
   * True if records must stay in shared memory: the second stage has more than its share of rows or
   * lines.
   */
  private get backlogged(): boolean {
    if (this.context.walOnly()) return false;
    const share = this.opening.options.maxBufferedBytes / 2;
    // The rows wait for the end of an interval, which may be an hour, and nothing is drained
    // before.
    if (this.pendingBytes > share) {
      this.pipeline?.hurry();
      if (this.pendingBytes > share) return true;
    }
    if (this.wal.state.pendingText <= MAX_PENDING_TEXT) return false;
    // A caller that waits for room must not wait for a run.log that cannot be written.
    if (this.report.isFailing) this.control.trouble = RunTrouble.disk;
    return true;
  }

  private tellRewound(rows: number, fromStep: Step): void {
    const message = `rewound to step ${fromStep}: ${rows} ${inNumber(rows, 'rows')} of earlier sessions removed`;
    this.addLine('info', message, { fromStep, rows });
  }

  /** Adds a line by the writer to run.log. */
  private addLine(level: string, message: string, meta: object = {}): void {
    this.wal.addLine(formatLogLine(level, message, meta, this.context.now()));
    this.pipeline?.lineCame();
  }

  /** Records in run.yaml that an alert was sent; the end of the run is recorded soon enough. */
  private noteMarked(): void {
    if (this.pipeline !== null && this.wal.state.ending === null)
      attempt(() => this.report.writeRunFile(RunStatus.Running));
  }

  private tellParamsLeftOut(count: number): void {
    this.report.paramsLeftOut = count;
    this.context.post({ kind: 'params left out', runId: this.opening.runId, count });
  }

  /** Closes the files and leaves them as they are. */
  leave(): void {
    this.closed = true;
    this.alerts?.leave();
    this.upkeep.release();
    this.wal.leave();
    this.pipeline?.leave();
    this.system?.leave();
  }

  private afterPublish(): void {
    this.context.post(this.report.health());
    if (this.report.runFileAgeMs >= HEARTBEAT_MS && this.wal.state.ending === null)
      attempt(() => this.report.writeRunFile(RunStatus.Running));
  }

  private noteOutcome(outcome: FlushOutcome): void {
    const { report } = this;
    const before = report.degraded;
    if (outcome.kind === 'failed') {
      if (outcome.error instanceof ExpmanError && outcome.error.code === 'FENCED')
        this.control.trouble = RunTrouble.fenced;
      report.degrade(outcome.error);
      this.upkeep.release();
    } else if (this.wal.trouble === null) report.recover();
    if (report.degraded === before || this.completing) return;
    this.context.post(report.health());
    attempt(() => report.writeRunFile(this.wal.state.ending?.status ?? RunStatus.Running));
  }

  private answerWaiters(): void {
    if (this.waiters.isEmpty) return;
    const { trouble, seq } = this.wal;
    this.waiters.answer(seq, trouble === null ? null : this.report.plainError(trouble));
  }

  private finish(outcome: FlushOutcome): void {
    const { place, report, wal } = this;
    const { owner, runId, options } = this.opening;
    const { status } = report;
    // All facts about the end are taken at one moment.
    const { endedAtMs, lastedMs: durationMs } = report;
    wal.end({ status, cut: false, ...wal.state.ending, endedAtMs, durationMs });
    this.upkeep.release();
    this.alerts?.leave();
    const power = options.durability === 'power';
    const failure =
      outcome.kind === 'failed'
        ? outcome.error
        : closeRun({
            ...{ place, owner, power, status, wal, report },
            context: this.context,
            kept: this.kept,
          });
    if (failure !== null) {
      report.degrade(failure);
      // This is for readers of the run: its process only sees the rejected close.
      attempt(() => {
        if (holdsLock(place.fs, place.folder, owner)) report.writeRunFile(RunStatus.Running);
      });
      wal.leave();
    }
    this.pipeline?.leave();
    this.system?.leave();
    this.closed = true;
    this.control.close();
    const error = failure === null ? null : report.plainError(failure);
    this.context.post({ kind: 'closed', runId, summary: report.summary(status), error });
    this.waiters.answerAll(error);
  }
}

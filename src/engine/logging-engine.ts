import { setTimeout as delay } from 'node:timers/promises';
import { Observable, Subject, defer, distinctUntilChanged, map, startWith } from 'rxjs';
import { RecordKind } from '../channel/chunk-layout.js';
import { encodeRewind } from '../channel/rewind.js';
import { lastStepIn } from '../run/last-step.js';
import { ExpmanError, messageOf, textOf } from '../model/errors.js';
import type { ExperimentConfig } from '../model/experiment-config.js';
import type { HistogramInput, HistogramOptions } from '../model/histogram.js';
import { invalidOption } from '../model/option-rules.js';
import type { LiveSnapshot, LiveStatus } from '../model/live.js';
import type { MediaFile } from '../model/media.js';
import type { MetricPoint, MetricRow, MetricValue } from '../model/metric.js';
import type { RunName } from '../model/names.js';
import { type Params, encodeParams } from '../model/params.js';
import { redactText } from '../model/redact-text.js';
import type { Degradation, Health, RunError, RunSummary } from '../model/run-file.js';
import { RunStatus, isRunStatus } from '../model/run-status.js';
import { nodeFs } from '../storage/node-fs.js';
import { patientFs } from '../storage/patient-fs.js';
import {
  type FromWriter,
  type PlainError,
  type RunOpening,
  errorFrom,
} from '../writer/thread/writer-messages.js';
import type { RunEnding } from '../run/run-state.js';
import { type ArtifactFacts, copyArtifact, writeArtifact } from './files/artifacts.js';
import { captureConsole } from './process/console-capture.js';
import { DEFAULT_LIVE_MS, liveSnapshots } from './streams/live-snapshots.js';
import { histogramRow } from './rows/histogram-row.js';
import { formatLogLine } from '../run/log-line.js';
import { MediaFolder, manifestBytes } from './files/media-folder.js';
import { type ImageOptions, type MediaCall, MediaLog, type MediaOptions } from './files/media-log.js';
import { metricPoints } from './streams/metric-points.js';
import { MetricSubject } from './streams/metric-subject.js';
import { networkFileSystemOf } from './surroundings/network-file-system.js';
import { openRun } from './open-run.js';
import { watchProcessEnd } from './process/process-hooks.js';
import { watchSignals } from './process/process-signals.js';
import { RowIntake } from './rows/row-intake.js';
import { type Logger, createRunLogger } from './run-logger.js';
import { surroundings } from './surroundings/surroundings.js';
import type { TableInput } from './files/table-lines.js';
import { TapObservable } from './streams/taps.js';
import { WriterHost } from './host/writer-host.js';

const LOSS_TOLD_EVERY_MS = 100;
const RETRY_MS = 100;
/** @bound tells: the text ends in how much is missing; specs/engine/run.spec.ts "can be read whatever the size of its error, and says how much of that is missing" */
const MAX_ERROR_TEXT = 16 * 1024;

type OwnEnding = RunEnding & { readonly status: RunStatus };

let host: WriterHost | undefined;
let warnedOfClosedRun = false;

/** Counts values that were left out of a run's rows before they came to this thread, where the run is still open. */
export let countInvalid: (run: LoggingEngine, values: number) => void;

/** Logs a row that another thread has taken for the run, with the time it had there; `stamped` if that was the caller's. */
export let logForwarded: (run: LoggingEngine, row: Required<MetricRow>, stamped: boolean) => void;

/**
 * An open run: takes metrics, parameters, messages and artifacts, and never waits for a disk.
 *
 * The constructor makes the run's folder and returns with the run `RUNNING`; what is logged is in shared memory when a
 * call returns, in the write-ahead log `walIntervalMs` later, and in `metrics.parquet` soon after. A run that is never
 * closed is closed when the process ends.
 *
 * @throws {@link ExpmanError} `RUN_EXISTS`, `RUN_NOT_FOUND`, `RUN_LOCKED` or `IO`, from the constructor
 * @example
 * await using run = new LoggingEngine(new ExperimentConfig('my_exp'));
 * run.logMetrics({ loss: 0.5 }, 0);
 */
export class LoggingEngine implements AsyncDisposable, Disposable {
  /** The run's folder, absolute. */
  readonly runDir: string;
  /** The run's name in its experiment. */
  readonly runName: RunName;
  /**
   * The mailbox: subscribe any `Observable<MetricRow>` to it, or send rows with `next`, or tap what is logged.
   *
   * `complete` closes the run. `error` writes what was logged and fails the run with that error. Taps get each row
   * after the run took it, as it is in the file: without what was refused, and in an object of its own. They complete with the
   * run; `observed` is false while nobody taps. A row that a tap logs, and an end that it causes, follow after the row it got.
   *
   * What is piped from a tap is isolated as the tap is. What RxJS makes of several anew is not: `merge(a$, b$)` and its
   * like throw an error that nobody takes, as of a run that fails, out of a timer, so give those an `error` handler, or
   * write `a$.pipe(mergeWith(b$))`.
   */
  readonly metrics: Subject<MetricRow>;
  /** How the run is doing: its state on subscription, then every change; completes when the run is closed. */
  readonly health$: Observable<Health>;
  /** Where the run stands: at once on subscription, then every change; completes with `closed` or `unwritten`. */
  readonly status$: Observable<LiveStatus>;
  /** Resolves when the run is closed, however that came about; rejects as `close()` does. */
  readonly closed: Promise<RunSummary>;

  private readonly host: WriterHost;
  private readonly runId: number;
  private readonly intake: RowIntake;
  private readonly mailbox: MetricSubject;
  private readonly media: MediaLog;
  private readonly changes$ = new Subject<void>();
  private readonly pending = new Set<Promise<unknown>>();
  private readonly flushes = new Map<number, (error: PlainError | null) => void>();
  private readonly stopWatching: () => void;
  private readonly stopCapture: () => void;
  private phase: 'open' | 'closing' | 'closed' = 'open';
  private ending: OwnEnding = { status: RunStatus.Finished, cut: false };
  private endingSent: Promise<void> = Promise.resolve();
  private settle: { resolve: (summary: RunSummary) => void; reject: (error: unknown) => void };
  private runLogger: Logger | undefined;
  private readonly earlierStep: () => number | bigint | null;
  private publishedRows = 0;
  private publishes: Health['publishes'] = { count: 0, totalMs: 0 };
  private degraded: Degradation | null = null;
  private lossToldAt = -Infinity;
  private outcome: LiveStatus | null = null;
  private warnedOfTap = false;
  private warnedOfInvalid = false;

  static {
    countInvalid = (run, values) => {
      if (run.phase === 'open') run.intake.countInvalid(values);
    };
    logForwarded = (run, { values, step, timestamp }, stamped) => {
      if (run.phase === 'open') run.intake.row(values, step, timestamp, stamped);
      else run.refuse();
    };
  }

  /** @hidden `isCopy`: the rows are those of another run, and kept as they are. */
  constructor(
    private readonly config: ExperimentConfig,
    { isCopy = false }: { readonly isCopy?: boolean } = {},
  ) {
    const { facts, dirty } = surroundings(config.environment);
    const { folder, identity, owner, continues, before, clock, metricsBefore } = openRun(
      patientFs(nodeFs),
      config,
      facts,
      Date.now(),
    );
    this.host = host ??= new WriterHost();
    this.runDir = folder;
    this.runName = identity.run as RunName;
    this.runId = this.host.newId();
    this.metrics = this.mailbox = new MetricSubject({
      row: (row) => this.take(row),
      end: (error) => this.ended(error),
      tapFailed: (error) => this.tellTap(error),
    });
    this.intake = new RowIntake({
      pool: this.host.pool,
      wire: this.host.wire,
      options: config,
      taps: this.mailbox,
      metricsBefore,
      wake: () => this.host.wake(),
      waitFor: (done) => void this.host.waitFor(done, Infinity),
      onLoss: () => this.tellLoss(),
    });
    this.media = this.openMedia();
    this.settle = { resolve: () => undefined, reject: () => undefined };
    this.closed = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    // Who does not look at `closed` is not to be killed by it; the error is in run.yaml too.
    this.closed.catch(() => undefined);
    this.health$ = this.tapOf(this.onChange(() => this.health()));
    this.status$ = this.tapOf(
      this.onChange(() => this.status()).pipe(
        distinctUntilChanged((one, other) => one.kind === other.kind && whyOf(one) === whyOf(other)),
      ),
    );
    const opening: RunOpening = {
      runId: this.runId,
      folder,
      identity,
      owner,
      options: config.toPlain(),
      control: this.intake.channel.control.memory,
      continues,
      resumes: continues,
      clock,
      before,
      degraded: null,
      isCopy,
    };
    const { epoch, uuid } = identity;
    const rewind = config.fromStep === undefined ? null : { epoch, fromStep: config.fromStep };
    let earlierStep: number | bigint | null | undefined = continues ? undefined : null;
    this.earlierStep = () => (earlierStep ??= lastStepIn(nodeFs, folder, uuid, rewind));
    this.startWriting(opening);
    // Before all rows of this session: a kill leaves the run wholly before it or wholly after.
    if (continues && config.fromStep !== undefined)
      this.intake.text(
        RecordKind.rewind,
        encodeRewind({ fromStep: config.fromStep, mediaBytes: manifestBytes(nodeFs, folder) }),
      );
    this.warnOfNetwork();
    const unwatch = [watchProcessEnd(this.processEnd(), () => this.host.drainForExit(config.exitTimeoutMs))];
    if (config.handleSignals) unwatch.push(watchSignals(() => this.close(RunStatus.Interrupted)));
    this.stopWatching = () => unwatch.forEach((stop) => stop());
    this.stopCapture =
      config.captureConsole === false
        ? () => undefined
        : captureConsole(config.captureConsole, (level, text) => this.printed(level, text));
    if (dirty !== null)
      this.addFact(
        dirty.then((isDirty) =>
          isDirty === undefined ? null : { environment: { git: { dirty: isDirty } } },
        ),
      );
  }

  /**
   * Logs one row; returns as soon as it is in shared memory.
   *
   * A value that is no {@link MetricValue} is left out, counted and reported in run.log, and the process is warned of the first
   * one (code `INVALID_VALUE`); the rest of the row is kept, and is what taps see. A getter is read once. The call joins the
   * latest row of its step if that is among the last 1,024 of this session and holds none of its metrics; no value is
   * ever replaced. After close the call does nothing.
   *
   * @param values - one value for each metric
   * @param step - an integer, beyond 2^53 as a bigint; may be absent, repeat or go back
   * @throws {@link ExpmanError} `INVALID_VALUE` with `onInvalid: 'throw'`, `BACKPRESSURE` with `backpressure: 'throw'`
   */
  logMetrics(values: Readonly<Record<string, MetricValue>>, step?: number | bigint | null): void {
    if (this.phase !== 'open') {
      this.refuse();
      return;
    }
    this.intake.row(values, step);
  }

  /**
   * Merges parameters into the run's config.yaml: nested objects key by key, otherwise the last write wins.
   *
   * What no YAML can hold is left out and told in run.log; texts under secret names, and passwords in URLs, are redacted.
   */
  logParams(params: Readonly<Record<string, unknown>>): void {
    if (this.phase !== 'open') {
      this.refuse();
      return;
    }
    this.intake.params(params);
  }

  /** A winston logger whose lines go to run.log, in order with everything else; add transports to send them elsewhere too. */
  get logger(): Logger {
    return (this.runLogger ??= createRunLogger((_level, line) => {
      if (this.phase === 'open') this.intake.text(RecordKind.log, line);
      else this.refuse();
    }));
  }

  /**
   * Copies a file into the run's `artifacts/` folder, under its own name unless another is given; or saves bytes or text
   * there under a name.
   *
   * The name may hold folders and stays inside the run. Resolves when the file is synced, and says its size and hash;
   * close waits for it. An artifact of that name is replaced.
   *
   * @throws {@link ExpmanError} `INVALID_NAME`, `RUN_CLOSED` or `IO`; a promise nobody awaits is told in run.log instead
   */
  saveArtifact(path: string, name?: string): Promise<ArtifactFacts>;
  saveArtifact(name: string, data: Uint8Array): Promise<ArtifactFacts>;
  saveArtifact(nameOrPath: string, nameOrData?: string | Uint8Array): Promise<ArtifactFacts> {
    if (this.phase !== 'open')
      return Promise.reject(
        new ExpmanError('RUN_CLOSED', `${this.runDir} is closed; an artifact cannot be saved any more`, {
          path: this.runDir,
        }),
      );
    const saved =
      typeof nameOrData === 'object'
        ? writeArtifact(this.runDir, nameOrPath, nameOrData)
        : copyArtifact(this.runDir, nameOrPath, nameOrData);
    this.addFact(
      saved.then(
        ({ name, bytes, sha256 }) => ({
          artifacts: { [name]: { bytes, sha256, savedAt: new Date().toISOString() } },
        }),
        (error: unknown) => {
          this.intake.text(
            RecordKind.log,
            formatLogLine('error', `an artifact was not saved: ${messageOf(error)}`, {}, Date.now()),
          );
          return null;
        },
      ),
    );
    return saved;
  }

  /**
   * Logs the distribution of some numbers as one value of a metric: the text that {@link histogram} makes.
   *
   * Goes the way of a row. Costs two readings of the values, some milliseconds for a million of them.
   *
   * @param values - an array or typed array of numbers, or counts that are ready: `{ edges, counts }`, `{ limits, counts }`
   * @throws {@link ExpmanError} `INVALID_VALUE` or `INVALID_OPTION`, only with `onInvalid: 'throw'`
   */
  logHistogram(
    name: string,
    values: HistogramInput,
    step?: number | bigint | null,
    options?: HistogramOptions,
  ): void {
    if (this.phase !== 'open') {
      this.refuse();
      return;
    }
    const row = histogramRow(this.intake, name, values, options);
    if (row !== null) this.logMetrics(row, step);
  }

  /**
   * Keeps an image, its bytes or the file at a path, in the run's `media/` folder and lists it in `media/manifest.ndjson`.
   *
   * Both are written when the call returns, which takes as long as hashing and writing the file does (at most 128 MB;
   * `saveArtifact` copies a large file beside the caller's work), and synced with `durability: 'power'`. What is no
   * image, or cannot be kept, is told in run.log, and the call returns null.
   *
   * @param name - as the name of an artifact; may come once for each step, or more often
   * @throws {@link ExpmanError} `INVALID_NAME`, `INVALID_VALUE`, `INVALID_OPTION`, `ARTIFACT_NOT_FOUND`, only with
   * `onInvalid: 'throw'`
   * @example
   * run.logImage('samples', png, step, { caption: 'after warm-up' });
   */
  logImage(
    name: string,
    image: Uint8Array | string,
    step?: number | bigint | null,
    options?: ImageOptions,
  ): MediaFile | null {
    return this.keep({ kind: 'image', name, step, content: image, options });
  }

  /** The same for a file of any type: sound, video, a plot, a document. */
  logMedia(
    name: string,
    file: Uint8Array | string,
    step?: number | bigint | null,
    options?: MediaOptions,
  ): MediaFile | null {
    return this.keep({ kind: 'media', name, step, content: file, options });
  }

  /**
   * The same for a small table, which becomes JSON lines: numbers, truth values, texts and nulls as they are, the rest as text.
   *
   * @param table - objects, or `{ columns, rows }`; at most 10,000 rows of 1,000 columns
   */
  logTable(name: string, table: TableInput, step?: number | bigint | null): MediaFile | null {
    return this.keep({ kind: 'table', name, step, content: table, options: undefined });
  }

  /**
   * The greatest step of the run's rows, of earlier sessions as well, without those that `fromStep` has taken out; null
   * when no row has a step. Of a run that was continued, the first look reads its files.
   *
   * @throws {@link ExpmanError} `CORRUPT` or `IO`, where what earlier sessions left cannot be read
   * @example
   * for (let step = Number(run.lastStep ?? -1) + 1; step < steps; step++) run.logMetrics({ loss: train(step) }, step);
   */
  get lastStep(): number | bigint | null {
    const own = this.intake.lastStep;
    const earlier = this.earlierStep();
    return earlier !== null && earlier > own ? earlier : own === -Infinity ? null : own;
  }

  /**
   * Resolves when all that was logged before the call is in the write-ahead log (and synced, with `durability: 'power'`).
   *
   * @throws {@link ExpmanError} `WRITE_FAILED` or `FENCED`, with the count of rows that are in memory only
   */
  flush(): Promise<void> {
    if (this.phase === 'closed') return this.closed.then(() => undefined);
    const flushId = this.host.newId();
    this.host.hold();
    return new Promise<void>((resolve, reject) => {
      this.flushes.set(flushId, (error) => {
        this.host.release();
        if (error === null) resolve();
        else reject(errorFrom(error, this.runDir));
      });
      this.host.flush({ runId: this.runId, flushId, seq: this.intake.channel.seq });
    });
  }

  /**
   * Closes the run: all that was logged is written, published and synced, run.yaml says `status`, the write-ahead log is gone.
   *
   * Idempotent: every call gets the same summary. Keeps the process alive until it is done.
   *
   * While the disk refuses the last rows, a call waits for it for `exitTimeoutMs` and then rejects; the rows stay in
   * memory, writing is tried again as long as the process lives, and so may close be called again.
   *
   * @throws {@link ExpmanError} `WRITE_FAILED` or `FENCED` when something could not be written; the write-ahead log is
   * then left for `expman recover`. `INVALID_OPTION` for a status no run can end with.
   */
  close(status: RunStatus = RunStatus.Finished): Promise<RunSummary> {
    if (!isRunStatus(status) || status === RunStatus.Running) {
      const ends = Object.values(RunStatus).filter((word) => word !== RunStatus.Running);
      return Promise.reject(invalidOption('status', `one of ${ends.join(', ')}`, status));
    }
    this.beginClose({ status, cut: false });
    return this.untilClosed();
  }

  /**
   * Samples the run for a progress bar: one snapshot every `periodMs` milliseconds in which rows came, and a last one.
   *
   * Works in a loop that never yields, does not keep the process alive, and completes with the run.
   */
  live(periodMs = DEFAULT_LIVE_MS): Observable<LiveSnapshot> {
    return this.tapOf(liveSnapshots(this.metrics, periodMs));
  }

  /**
   * The numbers of one metric as they are logged, from the subscription on; completes with the run.
   *
   * A boolean is 1 or 0; text is left out. Costs each row a look for the name, on the thread that logs.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`
   * @example
   * run.metric('loss').subscribe(({ step, value }) => console.log(step, value));
   */
  metric(name: string): Observable<MetricPoint> {
    return metricPoints(this.metrics, name);
  }

  /** Closes the run as {@link RunStatus.Finished} and waits for it; `await using` calls this, also when its block throws. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Begins to close the run; the process stays alive until that is done, and {@link closed} tells how it went. */
  [Symbol.dispose](): void {
    this.closeInBackground({ status: RunStatus.Finished, cut: false });
  }

  private keep(call: MediaCall): MediaFile | null {
    if (this.phase === 'open') return this.media.keep(call);
    this.refuse();
    return null;
  }

  private openMedia(): MediaLog {
    const folder = new MediaFolder(nodeFs, this.runDir, this.config.durability === 'power');
    return new MediaLog(folder, {
      invalid: (subject, error) => this.intake.refuse(subject, error),
      failed: (subject, { message }) =>
        this.intake.warn('media', subject, `${subject} was not kept: ${message}`),
    });
  }

  /** The process printed something; the line goes past the logger, whose transports may print. */
  private printed(level: string, text: string): void {
    if (this.phase === 'open') this.intake.text(RecordKind.log, formatLogLine(level, text, {}, Date.now()));
  }

  private take(row: MetricRow): void {
    if (this.phase !== 'open') {
      this.refuse();
      return;
    }
    this.intake.rowObject(row);
  }

  private ended(failure: { readonly error: unknown } | null): void {
    if (failure === null) this.closeInBackground({ status: RunStatus.Finished, cut: false });
    else this.closeInBackground({ status: RunStatus.Failed, cut: false, error: plainErrorOf(failure.error) });
  }

  private beginClose(ending: OwnEnding): void {
    if (this.phase !== 'open') return;
    this.stopCapture();
    this.phase = 'closing';
    this.ending = ending;
    this.mailbox.complete();
    this.changes$.next();
    // The last facts (an artifact's hash) belong into run.yaml, so they come before the end.
    if (this.pending.size === 0) this.sendEnding(ending);
    else this.endingSent = Promise.allSettled(this.pending).then(() => this.sendEnding(ending));
  }

  /** For an end nobody may be waiting for: the process stays alive, and is warned when something could not be written. */
  private closeInBackground(ending: OwnEnding): void {
    if (this.phase !== 'open') return;
    this.beginClose(ending);
    this.untilClosed().catch((error: unknown) =>
      process.emitWarning(error instanceof Error ? error : String(error)),
    );
  }

  private async untilClosed(): Promise<RunSummary> {
    this.host.hold();
    try {
      await this.endingSent;
      const until = performance.now() + this.config.exitTimeoutMs;
      for (;;) {
        try {
          await this.flush();
          return await this.closed;
        } catch (error) {
          if (this.isClosed || performance.now() >= until) throw error;
          await delay(RETRY_MS);
        }
      }
    } finally {
      this.host.release();
    }
  }

  private get isClosed(): boolean {
    return this.phase === 'closed';
  }

  private sendEnding(ending: RunEnding): void {
    this.intake.end(JSON.stringify(ending));
    this.host.wake();
  }

  private addFact(coming: Promise<Params | null>): void {
    const settled = coming.then((fact) => {
      if (fact !== null && this.phase !== 'closed') this.intake.text(RecordKind.fact, encodeParams(fact));
    });
    this.pending.add(settled);
    void settled.finally(() => this.pending.delete(settled));
  }

  private warnOfNetwork(): void {
    const name = networkFileSystemOf(this.runDir);
    if (name === null) return;
    const promise = 'what survives a crash is what that keeps; log to a disk of this machine where you can';
    this.intake.warn('run', 'file system', `the run is on a network file system (${name}): ${promise}`);
  }

  private startWriting(opening: RunOpening): void {
    const { channel } = this.intake;
    this.host.open({
      opening,
      committed: () => channel.seq,
      acknowledged: () => channel.control.seq(),
      told: () => channel.control.told,
      stuck: () => channel.control.stuck,
      onMessage: (message) => this.received(message),
      onWriterLost: (degraded) => {
        this.degraded = degraded;
        this.changes$.next();
      },
    });
  }

  private processEnd(): Parameters<typeof watchProcessEnd>[0] {
    return {
      ranDry: () => {
        const code = process.exitCode;
        const failed = code !== undefined && code !== 0 && code !== '0';
        this.closeInBackground(
          failed
            ? { status: RunStatus.Failed, cut: false, exitCode: Number(code) }
            : { status: RunStatus.Finished, cut: false },
        );
      },
      exiting: (exitCode, fatal) => {
        if (this.phase === 'closed') return;
        const ending = this.phase === 'closing' ? this.ending : endingOf(exitCode, fatal);
        this.stopCapture();
        this.phase = 'closing';
        this.sendEnding({ ...ending, cut: true });
      },
    };
  }

  private received(message: FromWriter): void {
    switch (message.kind) {
      case 'flushed':
        this.flushes.get(message.flushId)?.(message.error);
        this.flushes.delete(message.flushId);
        return;
      case 'health':
        this.publishedRows = message.published;
        this.publishes = message.publishes;
        this.degraded = message.degraded;
        this.changes$.next();
        return;
      case 'params left out':
        this.intake.warn('run', 'params room', 'config.yaml has no room for all parameters', {
          leftOut: message.count,
        });
        return;
      case 'system failed':
        this.intake.warn('run', 'system', `system.parquet cannot be written: ${message.message}`);
        return;
      case 'closed':
        this.finish(message.summary, message.error);
        return;
      case 'ready':
        return;
      default:
        message satisfies never;
    }
  }

  private finish(summary: RunSummary, error: PlainError | null): void {
    this.phase = 'closed';
    this.outcome =
      error === null
        ? { kind: 'closed', summary }
        : { kind: 'unwritten', error: errorFrom(error, this.runDir) };
    this.mailbox.complete();
    if (error === null) this.publishedRows = this.intake.channel.rows;
    else
      this.degraded = {
        code: error.errno ?? error.code,
        message: error.message,
        since: new Date().toISOString(),
      };
    this.stopWatching();
    for (const answer of this.flushes.values()) answer(error);
    this.flushes.clear();
    this.host.forget(this.runId);
    this.changes$.next();
    this.changes$.complete();
    this.intake.channel.dispose();
    if (this.outcome.kind === 'unwritten') this.settle.reject(this.outcome.error);
    else this.settle.resolve(summary);
  }

  private status(): LiveStatus {
    if (this.outcome !== null) return this.outcome;
    if (this.phase === 'closing') return { kind: 'closing', status: this.ending.status };
    return this.degraded === null ? { kind: 'running' } : { kind: 'degraded', why: this.degraded };
  }

  /** What `look` says now, and after every change. */
  private onChange<T>(look: () => T): Observable<T> {
    return defer(() => this.changes$.pipe(startWith(undefined), map(look)));
  }

  private tapOf<T>(stream$: Observable<T>): Observable<T> {
    return new TapObservable(
      (error) => this.tellTap(error),
      (subscriber) => stream$.subscribe(subscriber),
    );
  }

  private tellTap(error: unknown): void {
    const message = messageOf(error);
    if (this.phase !== 'closed') this.intake.warn('tap', message, `a tap threw: ${message}`, { error });
    else if (!this.warnedOfTap) {
      this.warnedOfTap = true;
      process.emitWarning(`a tap of ${this.runDir} threw: ${message}`, { type: 'ExpmanWarning' });
    }
  }

  private health(): Health {
    const { channel } = this.intake;
    const { control } = channel;
    return {
      accepted: channel.rows,
      flushed: control.acknowledged().rows,
      published: this.publishedRows,
      publishes: this.publishes,
      dropped: control.dropped,
      invalid: control.invalid,
      degraded: this.degraded,
    };
  }

  private tellLoss(): void {
    if (!this.warnedOfInvalid && this.intake.channel.control.invalid > 0) this.warnOfInvalid();
    const now = performance.now();
    if (!this.changes$.observed || now - this.lossToldAt < LOSS_TOLD_EVERY_MS) return;
    this.lossToldAt = now;
    this.changes$.next();
  }

  /** A refused value shows in no exit code and on no curve, so the process hears of the first. */
  private warnOfInvalid(): void {
    this.warnedOfInvalid = true;
    const what = `${this.config.name}/${this.runName}: something that cannot be logged was left out`;
    process.emitWarning(`${what}; run.log says what and why, \`invalid\` of health$ and run.yaml how many`, {
      code: 'INVALID_VALUE',
      type: 'ExpmanWarning',
    });
  }

  /** A call came after close: it does nothing, and the process is told once. */
  private refuse(): void {
    if (warnedOfClosedRun) return;
    warnedOfClosedRun = true;
    process.emitWarning(`something was logged to ${this.runDir} after its close; it was not taken`, {
      code: 'RUN_CLOSED',
      type: 'ExpmanWarning',
    });
  }
}

const whyOf = (status: LiveStatus): string | null => (status.kind === 'degraded' ? status.why.code : null);

function endingOf(exitCode: number, fatal: { readonly error: unknown } | null): OwnEnding {
  if (fatal !== null)
    return { status: RunStatus.Crashed, cut: true, exitCode, error: plainErrorOf(fatal.error) };
  if (exitCode !== 0) return { status: RunStatus.Failed, cut: true, exitCode };
  return { status: RunStatus.Interrupted, cut: true };
}

function plainErrorOf(error: unknown): RunError {
  const told = (text: string): string => bounded(redactText(text));
  if (!(error instanceof Error)) return { name: 'Error', message: told(textOf(error)) };
  const { name, message, stack } = error;
  return {
    name: told(textOf(name)),
    message: told(textOf(message)),
    ...(stack !== undefined && { stack: told(stack) }),
  };
}

/** Readers refuse a run.yaml of over a megabyte. */
const bounded = (text: string): string =>
  text.length > MAX_ERROR_TEXT
    ? `${text.slice(0, MAX_ERROR_TEXT)}…[truncated ${text.length - MAX_ERROR_TEXT} characters]`
    : text;

import type { MessagePort } from 'node:worker_threads';
import type { Observable } from 'rxjs';
import { ChunkPool } from '../../channel/chunk-pool.js';
import { RecordKind, WireWord } from '../../channel/chunk-layout.js';
import type { ArtifactFacts } from '../../engine/files/artifacts.js';
import { histogramRow } from '../../engine/rows/histogram-row.js';
import { DEFAULT_LIVE_MS, liveSnapshots } from '../../engine/streams/live-snapshots.js';
import type { LoggableRun } from '../../engine/loggable-run.js';
import type { LoggingEngine } from '../../engine/logging-engine.js';
import { metricPoints } from '../../engine/streams/metric-points.js';
import { MetricSubject } from '../../engine/streams/metric-subject.js';
import { RowIntake } from '../../engine/rows/row-intake.js';
import { type Logger, createRunLogger } from '../../engine/run-logger.js';
import { TapObservable } from '../../engine/streams/taps.js';
import { ExpmanError, messageOf } from '../../model/errors.js';
import type { HistogramInput, HistogramOptions } from '../../model/histogram.js';
import type { LiveSnapshot } from '../../model/live.js';
import type { MetricPoint, MetricRow, MetricValue } from '../../model/metric.js';
import type { RunName } from '../../model/names.js';
import type { FromTrial, ToTrial, TrialThreadData } from './trial-messages.js';
import { portable, restored } from './portable-error.js';

const WAIT_SLICE_MS = 50;

/** Who waits for an answer of the other thread. */
interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The run of a trial, in the thread of the trial: what is logged is in shared memory when a call returns, and the thread that opened the run
 * logs it there.
 *
 * Taps see what this thread logs. When the channel is full, a call waits.
 */
export class ThreadRun implements LoggableRun {
  readonly runDir: string;
  readonly runName: RunName;
  readonly metrics: MetricSubject;
  private readonly intake: RowIntake;
  private readonly port: MessagePort;
  private readonly aborted: Int32Array;
  private readonly calls = new Map<number, Call>();
  private lastCall = 0;
  private runLogger: Logger | undefined;

  constructor(
    { port, wire: memory, aborted, runDir, runName, options }: TrialThreadData,
    private readonly hear: () => void,
  ) {
    this.port = port;
    this.runDir = runDir;
    this.runName = runName;
    this.aborted = new Int32Array(aborted);
    const wire = new Int32Array(memory);
    const pool = new ChunkPool();
    pool.connect(({ id, memory: arena }) => this.post({ kind: 'arena', id, memory: arena }));
    const wake = (): void => {
      if (Atomics.compareExchange(wire, WireWord.sleeping, 1, 0) === 1) this.post({ kind: 'logged' });
    };
    const onLoss = (): void => undefined;
    this.metrics = new MetricSubject({
      row: (row) => this.take(row),
      end: (failure) =>
        this.post({ kind: 'metrics ended', error: failure === null ? null : portable(failure.error) }),
      tapFailed: (error) => this.tellTap(error),
    });
    this.intake = new RowIntake({
      pool,
      wire,
      options,
      taps: this.metrics,
      wake,
      waitFor: (done) => waitOn(wire, done),
      onLoss,
    });
    this.post({ kind: 'channel', control: this.intake.channel.control.memory });
  }

  logMetrics(values: Readonly<Record<string, MetricValue>>, step?: number | bigint | null): void {
    this.intake.row(values, step);
    this.lookForAbort();
  }

  logHistogram(
    name: string,
    values: HistogramInput,
    step?: number | bigint | null,
    options?: HistogramOptions,
  ): void {
    const row = histogramRow(this.intake, name, values, options);
    if (row !== null) this.logMetrics(row, step);
  }

  logParams(params: Readonly<Record<string, unknown>>): void {
    this.intake.params(params);
  }

  get logger(): Logger {
    return (this.runLogger ??= createRunLogger((_level, line) => this.intake.text(RecordKind.log, line)));
  }

  saveArtifact(path: string, name?: string): Promise<ArtifactFacts>;
  saveArtifact(name: string, data: Uint8Array): Promise<ArtifactFacts>;
  saveArtifact(nameOrPath: string, given?: string | Uint8Array): Promise<ArtifactFacts> {
    const artifact =
      typeof given === 'object' ? { name: nameOrPath, data: given } : { path: nameOrPath, name: given };
    return this.ask<ArtifactFacts>((call) => ({ kind: 'artifact', call, artifact }));
  }

  async flush(): Promise<void> {
    await this.ask((call) => ({ kind: 'flush', call }));
  }

  live(periodMs = DEFAULT_LIVE_MS): Observable<LiveSnapshot> {
    const snapshots$ = liveSnapshots(this.metrics, periodMs);
    return new TapObservable(
      (error) => this.tellTap(error),
      (subscriber) => snapshots$.subscribe(subscriber),
    );
  }

  metric(name: string): Observable<MetricPoint> {
    return metricPoints(this.metrics, name);
  }

  /** The training is over: reports what had no warning of its own. */
  finish(): void {
    this.intake.finishWarnings();
  }

  /** The other thread has answered a call. */
  answered(message: Exclude<ToTrial, { readonly kind: 'abort' }>): void {
    const call = this.calls.get(message.call);
    this.calls.delete(message.call);
    if (message.kind === 'answer') call?.resolve(message.value);
    else call?.reject(restored(message.error));
  }

  private take(row: MetricRow): void {
    this.intake.rowObject(row);
    this.lookForAbort();
  }

  /** A loop that lets no message in sees the abort all the same. */
  private lookForAbort(): void {
    if (Atomics.load(this.aborted, 0) === 1) this.hear();
  }

  private tellTap(error: unknown): void {
    const message = messageOf(error);
    this.intake.warn('tap', message, `a tap threw: ${message}`, { error });
  }

  private ask<T>(message: (call: number) => FromTrial): Promise<T> {
    const call = ++this.lastCall;
    return new Promise((resolve, reject) => {
      this.calls.set(call, { resolve: (value) => resolve(value as T), reject });
      this.post(message(call));
    });
  }

  private post(message: FromTrial): void {
    this.port.postMessage(message);
  }
}

/** What a run has only in the thread that opened it, and what to do instead; for those whom no compiler tells. */
const ELSEWHERE = {
  close: 'it is closed when the training returns, and fails with what that throws',
  closed: 'it is closed when the training returns, and fails with what that throws',
  health$: 'listen to the run of the event "started" of study.events$',
  status$: 'listen to the run of the event "started" of study.events$',
  logImage: 'save the file with run.saveArtifact',
  logMedia: 'save the file with run.saveArtifact',
  logTable: 'save the table as a file with run.saveArtifact',
} as const satisfies Partial<Record<keyof LoggingEngine, string>>;

for (const [member, instead] of Object.entries(ELSEWHERE))
  Object.defineProperty(ThreadRun.prototype, member, {
    get: () => {
      throw new ExpmanError(
        'WRONG_THREAD',
        `run.${member} is for the thread that opened the run, not for a trial's; ${instead}`,
        { option: member },
      );
    },
  });

function waitOn(wire: Int32Array, done: () => boolean): void {
  for (;;) {
    const acknowledged = Atomics.load(wire, WireWord.acknowledged);
    if (done()) return;
    Atomics.wait(wire, WireWord.acknowledged, acknowledged, WAIT_SLICE_MS);
  }
}

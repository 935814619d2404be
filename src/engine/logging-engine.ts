import type { Observable } from 'rxjs';
import { ExpmanError, messageOf } from '../model/errors.js';
import type { ExperimentConfig } from '../model/experiment-config.js';
import { invalidOption } from '../model/option-rules.js';
import type { CheckpointOptions } from '../model/keep-rule.js';
import type { LiveStatus } from '../model/live.js';
import type { MediaFile } from '../model/media.js';
import type { AnyMetrics, MetricsOf } from '../model/metric.js';
import type { Health, RunSummary } from '../model/run-file.js';
import { RunStatus, isRunStatus } from '../model/run-status.js';
import type { CheckpointFacts } from '../run/stored-checkpoint.js';
import type { ArtifactVersion } from '../storage/artifacts/artifact-version.js';
import type { ArtifactVersions } from './files/artifact-versions.js';
import { type ArtifactFiles, type LogArtifactOptions, versionCall } from './files/version-call.js';
import type { StopRequest } from '../model/stop-request.js';
import { type ArtifactContent, type ArtifactFacts, artifactFact, saveArtifact } from './files/artifacts.js';
import { type CheckpointContent, checkpointCall } from './files/checkpoint-call.js';
import type { ImageOptions, MediaCall, MediaOptions } from './files/media-log.js';
import type { TableInput } from './files/table-lines.js';
import { warnOfLateCall } from './process/process-warnings.js';
import { admitForwarded } from './rows/forwarded-rows.js';
import { RunDoors } from './run-doors.js';
import { type RunParts, openParts } from './run-parts.js';
import { admitStop } from './run-stop.js';
import { TapObservable } from './streams/taps.js';

const FINISHED = { status: RunStatus.Finished, cut: false } as const;

/**
 * An open run: accepts metrics, parameters, messages and artifacts, and never waits for a disk.
 *
 * The constructor makes the run's folder and returns with the run `RUNNING`; logged data is in
 * shared memory when a call returns, in the write-ahead log `walIntervalMs` later, and in
 * `metrics.parquet` soon after. A run that is never closed is closed when the process ends.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, `RUN_EXISTS`, `RUN_NOT_FOUND`, `RUN_LOCKED` or
 * `IO`, from the constructor, which then leaves nothing behind
 * @example
 * await using run = new LoggingEngine(new ExperimentConfig('my_exp'));
 * run.logMetrics({ loss: 0.5 }, 0);
 * @example
 * // With names and types that the compiler checks.
 * const typed = new LoggingEngine<{ loss: number }>(new ExperimentConfig('my_exp'));
 * typed.metric('loss').subscribe(({ value }) => console.log(value));
 */
export class LoggingEngine<M extends MetricsOf<M> = AnyMetrics>
  extends RunDoors<M>
  implements AsyncDisposable, Disposable
{
  /**
   * The health of the run: its state on subscription, then every change; completes when the run is
   * closed.
   */
  readonly health$: Observable<Health>;
  /**
   * The status of the run: at once on subscription, then every change; completes with `closed` or
   * `unwritten`.
   */
  readonly status$: Observable<LiveStatus>;
  /**
   * The request to end the run, made with `expman stop` or `stopRun`: at once on subscription if it was
   * made before; completes after it, and with the run. Nothing ends by itself: close the run, or end
   * the stream that feeds it.
   *
   * @example
   * rows$.pipe(takeUntil(run.stop$)).subscribe(run.metrics);
   */
  readonly stop$: Observable<StopRequest>;
  /** Resolves when the run is closed, for whatever reason; rejects like `close()`. */
  readonly closed: Promise<RunSummary>;
  readonly #parts: RunParts;

  /** @hidden `isCopy`: the rows are copied from another run, unchanged. */
  constructor(config: ExperimentConfig, { isCopy = false }: { readonly isCopy?: boolean | undefined } = {}) {
    const parts = openParts(config, isCopy);
    super(parts);
    this.#parts = parts;
    const { link, tapFailed, intake, stop } = parts;
    this.health$ = new TapObservable(tapFailed, (subscriber) => link.health$.subscribe(subscriber));
    this.status$ = new TapObservable(tapFailed, (subscriber) => link.status$.subscribe(subscriber));
    this.stop$ = new TapObservable(tapFailed, (subscriber) => stop.stop$.subscribe(subscriber));
    this.closed = link.closed;
    admitForwarded(this, intake);
    admitStop(this, stop);
  }

  /**
   * Copies a file into the run's `artifacts/` folder, under its own name unless another is given;
   * or saves content there under a name: bytes, a text (`{ text }`) or a value as JSON
   * (`{ json }`).
   *
   * The name may contain folders and stays inside the run; for a copy, a name with quotes, braces
   * or line breaks is refused, because it is content that was meant to be saved. Resolves when the
   * file is synced, with its size in bytes and its hash; close waits for it. An existing artifact
   * of that name is replaced.
   *
   * @throws {@link ExpmanError} as a rejection: `INVALID_NAME`, `INVALID_VALUE`,
   * `ARTIFACT_NOT_FOUND`, `RUN_CLOSED` or `IO`; an unhandled one is only reported in run.log
   * @example
   * await run.saveArtifact('confusion.json', { json: { tp: 90, fp: 3 } });
   */
  saveArtifact(path: string, name?: string): Promise<ArtifactFacts>;
  saveArtifact(name: string, content: ArtifactContent): Promise<ArtifactFacts>;
  saveArtifact(nameOrPath: string, given?: string | ArtifactContent): Promise<ArtifactFacts> {
    const { intake, life } = this.#parts;
    if (!intake.isOpen) return Promise.reject(runClosed(this.runDir, 'an artifact'));
    const saved = saveArtifact(this.runDir, nameOrPath, given);
    life.addFact(artifactFact(saved, (problem) => intake.line('error', problem)));
    return saved;
  }

  /**
   * Saves the state of the training at a step in the run's `checkpoints/` folder, so that
   * `resumeRun` can go on from there: bytes, a text (`{ text }`), a value as JSON (`{ json }`) or a
   * copy of a file (`{ file }`).
   *
   * Resolves when it is on the device, and so is everything that was logged before the call. Whole
   * or not at all: if the process is killed, or the disk is full, the earlier checkpoints stay. Calls
   * wait for each other, and close waits for them. A checkpoint of the same step is replaced.
   *
   * @param step - the last step that is part of the state; an integer, beyond 2^53 as a bigint
   * @throws {@link ExpmanError} as a rejection: `INVALID_OPTION`, `INVALID_VALUE`,
   * `ARTIFACT_NOT_FOUND`, `RUN_CLOSED`, `WRITE_FAILED` or `IO`; an unhandled one is only reported in
   * run.log
   * @example
   * await run.saveCheckpoint(step, { json: model.weights }, { keep: ['last 2', 'best 1 by val/loss'] });
   */
  saveCheckpoint(
    step: number | bigint,
    content: CheckpointContent,
    options?: CheckpointOptions,
  ): Promise<CheckpointFacts> {
    const { intake, life, checkpoints } = this.#parts;
    if (!intake.isOpen) return Promise.reject(runClosed(this.runDir, 'a checkpoint'));
    const call = checkedNow(() => checkpointCall(step, content, options));
    const saved = call.then(async (each) => (await checkpoints()).save(each));
    life.awaitSaving(saved, (error) =>
      intake.line('error', `the checkpoint of step ${step} was not saved: ${messageOf(error)}`),
    );
    return saved;
  }

  /**
   * Logs a version of an artifact, which other runs can use: `model:v1`, then `model:v2`. All runs
   * in the folder of experiments share it, and it outlives this run; {@link saveArtifact} is for
   * files that belong to one run.
   *
   * The files are a path, or several, or a map from names to paths, content and references to files
   * elsewhere. A folder gives all files below it. The same files again give the version that has
   * them already. `latest`, and the aliases, name that version afterwards. Each content is kept once,
   * however many versions have it.
   *
   * Takes no lock: any number of runs and processes may log at once, and a kill leaves a version
   * that exists wholly, or not at all. Resolves when it is synced, and the log of this run says that
   * it has logged it; close waits for it.
   *
   * @param name - has the rules of run names
   * @throws {@link ExpmanError} as a rejection: `INVALID_NAME`, `INVALID_OPTION`, also for another
   * type than the artifact has, `INVALID_VALUE`, `ARTIFACT_NOT_FOUND`, `RUN_CLOSED`, `CORRUPT` or
   * `IO`; an unhandled one is only reported in run.log
   * @example
   * const model = await run.logArtifact('model', './out', { type: 'model', aliases: ['best'] });
   * console.log(model.ref); // model:v1
   */
  logArtifact(name: string, files: ArtifactFiles, options?: LogArtifactOptions): Promise<ArtifactVersion> {
    const call = checkedNow(() => versionCall(name, files, options));
    return this.#withVersions('logged', call, (versions, each) => versions.log(each));
  }

  /**
   * Returns a version of an artifact, and records that this run has used it: `model:v3`,
   * `model:best`, `model:latest`, or `model` for the latest.
   *
   * Content is checked against its checksum when it is taken out, with `read`, `path` or
   * `checkout`. References are never fetched.
   *
   * @throws {@link ExpmanError} as a rejection: `INVALID_NAME`, `ARTIFACT_NOT_FOUND`, `RUN_CLOSED`,
   * `CORRUPT`, `UNSUPPORTED_VERSION` or `IO`; an unhandled one is only reported in run.log
   * @example
   * const dataset = await run.useArtifact('dataset:latest');
   * await dataset.checkout('./data');
   */
  useArtifact(ref: string): Promise<ArtifactVersion> {
    return this.#withVersions('used', Promise.resolve(ref), (versions, each) => versions.use(each));
  }

  /**
   * Saves an image, given as bytes or as the path of a file, in the run's `media/` folder and lists
   * it in `media/manifest.ndjson`.
   *
   * Both are written when the call returns, which takes as long as hashing and writing the file (at
   * most 128 MB; `saveArtifact` copies a large file beside the caller's work), and synced with
   * `durability: 'power'`. If it is not an image, or cannot be saved, that is reported in run.log,
   * and the call returns null.
   *
   * @param name - like the name of an artifact; may be used any number of times, for each step or
   * more often
   * @throws {@link ExpmanError} `INVALID_NAME`, `INVALID_VALUE`, `INVALID_OPTION`,
   * `ARTIFACT_NOT_FOUND`, only with `onInvalid: 'throw'`
   * @example
   * run.logImage('samples', png, step, { caption: 'after warm-up' });
   */
  logImage(
    name: string,
    image: Uint8Array | string,
    step?: number | bigint | null,
    options?: ImageOptions,
  ): MediaFile | null {
    return this.#keep({ kind: 'image', name, step, content: image, options });
  }

  /** The same for a file of any type: audio, video, a plot, a document. */
  logMedia(
    name: string,
    file: Uint8Array | string,
    step?: number | bigint | null,
    options?: MediaOptions,
  ): MediaFile | null {
    return this.#keep({ kind: 'media', name, step, content: file, options });
  }

  /**
   * The same for a small table, which becomes JSON lines: numbers, booleans, texts and nulls
   * unchanged, the rest as text.
   *
   * @param table - objects, or `{ columns, rows }`; at most 10,000 rows of 1,000 columns
   */
  logTable(name: string, table: TableInput, step?: number | bigint | null): MediaFile | null {
    return this.#keep({ kind: 'table', name, step, content: table, options: undefined });
  }

  /**
   * Aborted when the run is asked to end; see {@link stop$}. Its reason is an `AbortError` that says who
   * asked and why.
   *
   * A loop that lets no message in notices the request when it reads `run.signal` itself, each time.
   *
   * @example
   * for (let step = 0; step < steps && !run.signal.aborted; step++) run.logMetrics({ loss: train(step) }, step);
   */
  get signal(): AbortSignal {
    return this.#parts.stop.signal;
  }

  /**
   * The greatest step of the run's rows, including earlier sessions, without the rows removed by
   * `fromStep`; null if no row has a step. For a continued run, the first access reads its files.
   *
   * @throws {@link ExpmanError} `CORRUPT` or `IO`, if the files of earlier sessions cannot be read
   * @example
   * for (let step = Number(run.lastStep ?? -1) + 1; step < steps; step++) run.logMetrics({ loss: train(step) }, step);
   */
  get lastStep(): number | bigint | null {
    const own = this.#parts.intake.lastStep;
    const earlier = this.#parts.earlierStep();
    return earlier !== null && earlier > own ? earlier : own === -Infinity ? null : own;
  }

  /**
   * Resolves when everything logged before the call is in the write-ahead log (and synced, with
   * `durability: 'power'`).
   *
   * @throws {@link ExpmanError} `WRITE_FAILED` or `FENCED`, with the number of rows that are only
   * in memory
   */
  flush(): Promise<void> {
    return this.#parts.link.flush();
  }

  /**
   * Closes the run: all logged data is written, published and synced, `status` is in run.yaml, and
   * the write-ahead log is removed.
   *
   * Idempotent: every call returns the same summary. Keeps the process alive until it is done.
   *
   * While the disk refuses the last rows, a call waits for it for `exitTimeoutMs` and then rejects;
   * the rows stay in memory, writing is retried as long as the process lives, and close may be
   * called again.
   *
   * @throws {@link ExpmanError} `WRITE_FAILED` or `FENCED` if something could not be written; the
   * write-ahead log is then left for `expman recover`. `INVALID_OPTION` for a status with which no
   * run can end.
   */
  close(status: RunStatus = RunStatus.Finished): Promise<RunSummary> {
    if (!isRunStatus(status) || status === RunStatus.Running) {
      const ends = Object.values(RunStatus).filter((word) => word !== RunStatus.Running);
      return Promise.reject(invalidOption('status', `one of ${ends.join(', ')}`, status));
    }
    return this.#parts.life.close({ status, cut: false });
  }

  /**
   * Closes the run as {@link RunStatus.Finished} and waits for it; `await using` calls this, even
   * if its block throws.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Begins to close the run; the process stays alive until that is done, and {@link closed} has the
   * result.
   */
  [Symbol.dispose](): void {
    this.#parts.life.closeInBackground(FINISHED);
  }

  #withVersions<C>(
    done: string,
    call: Promise<C>,
    work: (versions: ArtifactVersions, call: C) => Promise<ArtifactVersion>,
  ): Promise<ArtifactVersion> {
    const { intake, life, versions } = this.#parts;
    if (!intake.isOpen) {
      call.catch(() => undefined);
      return Promise.reject(runClosed(this.runDir, 'an artifact', done));
    }
    const coming = Promise.all([versions(), call]).then(([each, checked]) => work(each, checked));
    life.awaitSaving(coming, (error) =>
      intake.line('error', `an artifact was not ${done}: ${messageOf(error)}`),
    );
    return coming;
  }

  #keep(call: MediaCall): MediaFile | null {
    const { intake, media } = this.#parts;
    if (intake.isOpen) return media.keep(call);
    warnOfLateCall(this.runDir);
    return null;
  }
}

/** Checks a call before this returns, for its content may be changed then; an error is a rejection. */
const checkedNow = <T>(check: () => T): Promise<T> => new Promise((resolve) => resolve(check()));

const runClosed = (path: string, what: string, done = 'saved'): ExpmanError =>
  new ExpmanError('RUN_CLOSED', `${path} is closed; ${what} cannot be ${done} any more`, { path });

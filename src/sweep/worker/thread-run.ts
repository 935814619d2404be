import type { MessagePort } from 'node:worker_threads';
import type { Observable } from 'rxjs';
import { ChunkPool } from '../../channel/chunk-pool.js';
import { WireWord } from '../../channel/chunk-layout.js';
import {
  type ArtifactFiles,
  type LogArtifactOptions,
  plainFiles,
  versionCall,
} from '../../engine/files/version-call.js';
import { asyncArtifactFs } from '../../engine/files/async-fs.js';
import { type ArtifactContent, type ArtifactFacts, artifactCall } from '../../engine/files/artifacts.js';
import { type CheckpointContent, checkpointCall } from '../../engine/files/checkpoint-call.js';
import type { LoggableRun } from '../../engine/loggable-run.js';
import type { LoggingEngine } from '../../engine/logging-engine.js';
import { RowIntake } from '../../engine/rows/row-intake.js';
import { RunDoors } from '../../engine/run-doors.js';
import { RunStop } from '../../engine/run-stop.js';
import { MetricSubject } from '../../engine/streams/metric-subject.js';
import { TapObservable } from '../../engine/streams/taps.js';
import { parseArtifactRef } from '../../model/artifact-ref.js';
import { ExpmanError } from '../../model/errors.js';
import type { CheckpointOptions } from '../../model/keep-rule.js';
import type { CheckpointFacts } from '../../run/stored-checkpoint.js';
import type { FileMode } from '../../model/experiment-options.js';
import type { StopRequest } from '../../model/stop-request.js';
import { ArtifactVersion, type PlainVersion } from '../../storage/artifacts/artifact-version.js';
import type { FromTrial, ToTrial, TrialThreadData } from './trial-messages.js';
import { portable, restored } from './portable-error.js';

const WAIT_SLICE_MS = 50;

/** A call that waits for an answer from the other thread. */
interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The run of a trial, in the thread of the trial: logged values are in shared memory when a call
 * returns, and the thread that opened the run logs them there.
 *
 * Taps see what this thread logs. If the channel is full, a call waits. It has the members of a run
 * that work from any thread; the others throw `WRONG_THREAD`, with advice on what to do instead.
 */
export class ThreadRun extends RunDoors implements LoggableRun {
  /** The request to end the run, or its sweep, as in the thread that opened it. */
  readonly stop$: Observable<StopRequest>;
  readonly #stop: RunStop;
  readonly #intake: RowIntake;
  readonly #port: MessagePort;
  readonly #calls = new Map<number, Call>();
  readonly #fileMode: FileMode;
  #lastCall = 0;

  /**
   * @param hear - handles messages of the other thread that have arrived, in a loop that lets none
   * in
   */
  constructor(data: TrialThreadData, hear: () => void) {
    const { port, runDir, runName } = data;
    const aborted = new Int32Array(data.aborted);
    const lookForAbort = (): void => {
      if (Atomics.load(aborted, 0) === 1) hear();
    };
    const post = (message: FromTrial): void => port.postMessage(message);
    const tapFailed = (error: unknown): void => intake.warnOfTap(error);
    const mailbox = new MetricSubject({
      row: (row) => {
        intake.rowObject(row);
        lookForAbort();
      },
      end: (failure) =>
        post({ kind: 'metrics ended', error: failure === null ? null : portable(failure.error) }),
      tapFailed,
    });
    const intake = openIntake(data, mailbox, post);
    // A loop that lets no message in notices an abort by its rows.
    super({ runDir, runName, intake, mailbox, tapFailed, facts: () => ({}), afterRow: lookForAbort });
    this.#intake = intake;
    this.#port = port;
    this.#fileMode = data.options.fileMode;
    this.#stop = new RunStop(() => {
      // The messages that it hears bring the request.
      lookForAbort();
      return null;
    });
    this.stop$ = new TapObservable(tapFailed, (subscriber) => this.#stop.stop$.subscribe(subscriber));
  }

  /** Aborted when the run, or its sweep, is asked to end, as in the thread that opened it. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  saveArtifact(path: string, name?: string): Promise<ArtifactFacts>;
  saveArtifact(name: string, content: ArtifactContent): Promise<ArtifactFacts>;
  async saveArtifact(nameOrPath: string, given?: string | ArtifactContent): Promise<ArtifactFacts> {
    const artifact = artifactCall(nameOrPath, given);
    return this.#ask<ArtifactFacts>((call) => ({ kind: 'artifact', call, artifact }));
  }

  async saveCheckpoint(
    step: number | bigint,
    content: CheckpointContent,
    options?: CheckpointOptions,
  ): Promise<CheckpointFacts> {
    const { step: parsed, source, extension } = checkpointCall(step, content, options);
    // Bytes have the extension of bytes; a value is made to JSON again on the other side.
    const sent: CheckpointContent =
      'path' in source
        ? { file: source.path }
        : extension === 'json'
          ? { json: JSON.parse(Buffer.from(source.data).toString()) as unknown }
          : source.data;
    const checkpoint = { step: parsed, content: sent, options };
    return this.#ask<CheckpointFacts>((call) => ({ kind: 'checkpoint', call, checkpoint }));
  }

  async logArtifact(
    name: string,
    files: ArtifactFiles,
    options: LogArtifactOptions = {},
  ): Promise<ArtifactVersion> {
    const { sources, type, aliases } = versionCall(name, files, options);
    const call = { name, files: plainFiles(sources), options: { type, aliases } };
    return this.#version(await this.#ask((id) => ({ kind: 'log version', call: id, ...call })));
  }

  async useArtifact(ref: string): Promise<ArtifactVersion> {
    parseArtifactRef(ref);
    return this.#version(await this.#ask((call) => ({ kind: 'use version', call, ref })));
  }

  async flush(): Promise<void> {
    await this.#ask((call) => ({ kind: 'flush', call }));
  }

  /** Ends the run in this thread: reports the warnings that were held back, and completes `stop$`. */
  finish(): void {
    this.#stop.finish();
    this.#intake.finishWarnings();
  }

  /** Passes on a request that the other thread has heard of. */
  stopRequested(request: StopRequest): void {
    this.#stop.requested(request);
  }

  /** Settles a call that the other thread has answered. */
  answered(message: Extract<ToTrial, { readonly call: number }>): void {
    const call = this.#calls.get(message.call);
    this.#calls.delete(message.call);
    if (message.kind === 'answer') call?.resolve(message.value);
    else call?.reject(restored(message.error));
  }

  #version(plain: PlainVersion): ArtifactVersion {
    return ArtifactVersion.from(asyncArtifactFs(this.#fileMode), plain);
  }

  #ask<T>(message: (call: number) => FromTrial): Promise<T> {
    const call = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve: (value) => resolve(value as T), reject });
      this.#port.postMessage(message(call));
    });
  }
}

function openIntake(
  { wire: memory, options }: TrialThreadData,
  taps: MetricSubject,
  post: (message: FromTrial) => void,
): RowIntake {
  const wire = new Int32Array(memory);
  const pool = new ChunkPool();
  pool.connect((arena) => post({ kind: 'arena', id: arena.id, memory: arena.memory }));
  const intake = new RowIntake({
    pool,
    wire,
    options,
    taps,
    wake: () => {
      if (Atomics.compareExchange(wire, WireWord.sleeping, 1, 0) === 1) post({ kind: 'logged' });
    },
    waitFor: (done) => waitOn(wire, done),
    onLoss: () => undefined,
  });
  post({ kind: 'channel', control: intake.channel.control.memory });
  return intake;
}

function waitOn(wire: Int32Array, done: () => boolean): void {
  for (;;) {
    const acknowledged = Atomics.load(wire, WireWord.acknowledged);
    if (done()) return;
    Atomics.wait(wire, WireWord.acknowledged, acknowledged, WAIT_SLICE_MS);
  }
}

/**
 * The members of a run that exist only in the thread that opened it, with advice on what to do
 * instead; for callers without a compiler.
 */
const ELSEWHERE: Readonly<Record<Exclude<keyof LoggingEngine, keyof ThreadRun>, string>> = {
  close: 'it is closed when the training returns, or fails with what the training throws',
  closed: 'it is closed when the training returns, or fails with what the training throws',
  [Symbol.asyncDispose]: 'it is closed when the training returns',
  [Symbol.dispose]: 'it is closed when the training returns',
  health$: 'listen to the run of the event "started" of study.events$',
  status$: 'listen to the run of the event "started" of study.events$',
  lastStep: "count the trial's own steps",
  logImage: 'save the file with run.saveArtifact',
  logMedia: 'save the file with run.saveArtifact',
  logTable: 'save the table as a file with run.saveArtifact',
};

for (const member of Reflect.ownKeys(ELSEWHERE) as (keyof typeof ELSEWHERE)[])
  Object.defineProperty(ThreadRun.prototype, member, {
    get: () => {
      const name = nameOf(member);
      throw new ExpmanError(
        'WRONG_THREAD',
        `run.${name} only works in the thread that opened the run, not in a trial's thread; ${ELSEWHERE[member]}`,
        { option: name },
      );
    },
  });

/** Returns a member's name for a message; Node 20 describes the symbols of disposal differently. */
function nameOf(member: keyof typeof ELSEWHERE): string {
  if (member === Symbol.dispose) return '[Symbol.dispose]';
  return member === Symbol.asyncDispose ? '[Symbol.asyncDispose]' : member;
}

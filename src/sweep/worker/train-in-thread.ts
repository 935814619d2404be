import { type MessagePort, MessageChannel, type Worker, receiveMessageOnPort } from 'node:worker_threads';
import { WIRE_BYTES } from '../../channel/chunk-layout.js';
import { isLeftBehind, startThread, threadFailure } from '../../channel/start-thread.js';
import type { ArtifactVersion, PlainVersion } from '../../storage/artifacts/artifact-version.js';
import type { ArtifactCall } from '../../engine/files/artifacts.js';
import type { ResolvedOptions } from '../../model/experiment-config.js';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { isError } from '../../model/realms.js';
import type { StopRequest } from '../../model/stop-request.js';
import type { Drive, Trial } from '../trial.js';
import type { FromTrial, ToTrial, TrialThreadData } from './trial-messages.js';
import { type PortableError, portable, restored } from './portable-error.js';
import { drainAtExit } from './drain-at-exit.js';
import { CHANNEL_BYTES, RowPump } from './row-pump.js';

const ENTRY = (): URL => new URL('./trial-thread.js', import.meta.url);
/**
 * Arguments of the thread. It inherits those of the process, such as a TypeScript loader, but those
 * for a program on the command line do not apply to a file.
 */
const ARGUMENTS = process.execArgv.some((argument) => argument.startsWith('--input-type')) ? [] : undefined;

/**
 * Trains each trial in its own thread with the training function that a module exports as default
 * (or `train`).
 *
 * Ends when the thread has ended and everything it logged is in the run: with what the training
 * threw, with the error that ended the thread, or with an error if it exited unexpectedly. A thread
 * that is still running when `expired` is aborted is terminated.
 */
export function trainInThread<P>(module: URL, options: ResolvedOptions): Drive<P> {
  const channel: ResolvedOptions = { ...options, maxBufferedBytes: CHANNEL_BYTES, backpressure: 'block' };
  return (trial, expired) => new TrialThread(trial, channel).run(module, expired);
}

/** The outcome of the training, as far as it is known. */
type Outcome =
  | { readonly kind: 'none' | 'expired' }
  | { readonly kind: 'ended'; readonly error: PortableError | null }
  | { readonly kind: 'broken'; readonly error: unknown };

class TrialThread<P> {
  private readonly wire = new SharedArrayBuffer(WIRE_BYTES);
  private readonly aborted = new Int32Array(new SharedArrayBuffer(4));
  private readonly pump: RowPump;
  private readonly port: MessagePort;
  private readonly otherPort: MessagePort;
  private outcome: Outcome = { kind: 'none' };

  constructor(
    private readonly trial: Trial<P>,
    private readonly options: ResolvedOptions,
  ) {
    this.pump = new RowPump(trial.run, new Int32Array(this.wire));
    ({ port1: this.port, port2: this.otherPort } = new MessageChannel());
  }

  async run(module: URL, expired: AbortSignal): Promise<void> {
    const { port, pump, trial } = this;
    const exempt = drainAtExit(() => pump.pumpLogged());
    try {
      const worker = this.start(module);
      const end = (outcome: Outcome): void => {
        if (this.outcome.kind === 'none') this.outcome = outcome;
        void worker.terminate();
      };
      port.on('message', (message: FromTrial) => this.received(message, end));
      worker.on('error', (error) => end({ kind: 'broken', error }));
      onAbort(trial.signal, () => this.abort());
      onAbort(expired, () => end({ kind: 'expired' }));
      const code = await new Promise<number>((resolve) => worker.once('exit', resolve));
      // Messages that arrived before it exited still count.
      for (let left = receiveMessageOnPort(port); left !== undefined; left = receiveMessageOnPort(port))
        this.received(left.message as FromTrial, end);
      pump.pumpRest();
      this.conclude(code);
    } finally {
      exempt();
      port.close();
    }
  }

  private start(module: URL): Worker {
    const { otherPort, wire, aborted, trial, options } = this;
    const { number, attempt, params, slot, run } = trial;
    const workerData: TrialThreadData = {
      module: module.href,
      port: otherPort,
      wire,
      aborted: aborted.buffer,
      number,
      attempt,
      params,
      slot,
      runDir: run.runDir,
      runName: run.runName,
      options,
    };
    return startThread(ENTRY, {
      execArgv: ARGUMENTS,
      env: process.env,
      name: `expman-${run.runName}`,
      workerData,
      transferList: [otherPort],
    });
  }

  private received(message: FromTrial, end: (outcome: Outcome) => void): void {
    const { pump, trial } = this;
    switch (message.kind) {
      case 'arena':
        pump.addArena(message.id, message.memory);
        return;
      case 'channel':
        pump.open(message.control);
        return;
      case 'logged':
        pump.pump();
        return;
      case 'flush':
        pump.pumpLogged();
        this.answer(message.call, trial.run.flush());
        return;
      case 'artifact':
        this.answer(message.call, this.save(message.artifact));
        return;
      case 'checkpoint': {
        pump.pumpLogged();
        const { step, content, options } = message.checkpoint;
        this.answer(message.call, trial.run.saveCheckpoint(step, content, options));
        return;
      }
      case 'log version':
        this.answer(
          message.call,
          plainly(trial.run.logArtifact(message.name, message.files, message.options)),
        );
        return;
      case 'use version':
        this.answer(message.call, plainly(trial.run.useArtifact(message.ref)));
        return;
      case 'metrics ended':
        pump.pumpLogged();
        if (message.error === null) trial.run.metrics.complete();
        else trial.run.metrics.error(restored(message.error));
        return;
      case 'ended':
        end(message);
        return;
      default:
        message satisfies never;
    }
  }

  private save(artifact: ArtifactCall): Promise<unknown> {
    const { run } = this.trial;
    return 'data' in artifact
      ? run.saveArtifact(artifact.name, artifact.data)
      : run.saveArtifact(artifact.path, artifact.name);
  }

  private answer(call: number, coming: Promise<unknown>): void {
    void coming.then(
      (value) => this.post({ kind: 'answer', call, value }),
      (error: unknown) => this.post({ kind: 'refusal', call, error: portable(error) }),
    );
  }

  private abort(): void {
    const { run, signal } = this.trial;
    let request: StopRequest | null = null;
    let isPosted = false;
    // A request that aborts the trial is in this stream by now.
    run.stop$.subscribe({
      next: (made) => {
        if (isPosted) this.post({ kind: 'stop', request: made });
        else request = made;
      },
      error: () => undefined,
    });
    const reason: unknown = signal.reason;
    this.post({ kind: 'abort', reason: isError(reason) ? reason.message : 'the trial was aborted', request });
    isPosted = true;
    // Post first, then set the flag: a thread that sees the flag will find the message.
    Atomics.store(this.aborted, 0, 1);
  }

  private post(message: ToTrial): void {
    this.port.postMessage(message);
  }

  private conclude(code: number): void {
    const { outcome } = this;
    switch (outcome.kind) {
      case 'expired':
        return;
      case 'ended':
        if (outcome.error !== null) throw restored(outcome.error);
        return;
      case 'broken':
        throw startFailure(outcome.error);
      case 'none':
        throw new Error(`the thread of the trial exited with code ${code} before its training had ended`);
      default:
        outcome satisfies never;
    }
  }
}

/** Returns the error of a thread whose own file is missing; it has not reached the user's code. */
function startFailure(error: unknown): unknown {
  if (!isLeftBehind(error) || !messageOf(error).includes('trial-thread')) return error;
  return new ExpmanError('IO', `the thread of the trial cannot be started: ${threadFailure(error)}`, {
    cause: error,
  });
}

function onAbort(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener('abort', then, { once: true });
}

/** Makes a version a message; the other thread makes it a version again. */
const plainly = (coming: Promise<ArtifactVersion>): Promise<PlainVersion> =>
  coming.then((version) => version.toPlain());

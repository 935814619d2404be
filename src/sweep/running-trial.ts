import type { LoggingEngine } from '../engine/logging-engine.js';
import { RunStatus } from '../model/run-status.js';
import type { Trial } from './trial.js';

/** A trial to run: a new one, or another attempt at one that failed or was interrupted. */
export interface NextTrial<P> {
  readonly number: number;
  readonly attempt: number;
  /** The number of attempts that failed before. */
  readonly failures: number;
  readonly params: P;
}

/** The reason why a trial was aborted. */
type AbortReason = 'stopped' | 'interrupted';

/** The error of a trial whose training cannot settle. */
export const STUCK =
  'its training never settled: the event loop had nothing left to do; it is tried again when the sweep is resumed';

/** What was thrown. */
export interface Failure {
  readonly thrown: unknown;
}

/** A running trial, and the ways to end it. */
export class RunningTrial<P> {
  readonly trial: Trial<P>;
  /** The reason why the trial was aborted; null if it was not. */
  abortReason: AbortReason | null = null;
  /** True if nothing was left that could settle the training. */
  isStuck = false;
  /** The exception of the scheduler, which ends the sweep. */
  brokenBy: Failure | null = null;
  private readonly aborting = new AbortController();
  private readonly expiring = new AbortController();

  constructor({ number, attempt, params }: NextTrial<P>, run: LoggingEngine) {
    this.trial = { number, attempt, params, run, signal: this.aborting.signal };
  }

  /** Aborted when the trial's time to end has passed. */
  get expired(): AbortSignal {
    return this.expiring.signal;
  }

  /** Asks the training to end; the first reason is kept. */
  abort(reason: AbortReason): void {
    if (this.abortReason !== null) return;
    this.abortReason = reason;
    this.aborting.abort(new DOMException(`the trial was ${reason}`, 'AbortError'));
  }

  /** Stops waiting for the training. */
  expire(): void {
    this.expiring.abort();
  }

  /**
   * Gives up a training that cannot settle, because the event loop has nothing left to do. Its run
   * is closed at once: at the end of the process it would count as finished.
   */
  giveUp(): void {
    const { number, run } = this.trial;
    if (this.abortReason === null) {
      this.isStuck = true;
      this.abort('interrupted');
      run.logger.error(STUCK);
      process.emitWarning(`trial ${number} in ${run.runDir}: ${STUCK}`, { type: 'ExpmanWarning' });
    }
    run
      .close(this.abortReason === 'stopped' ? RunStatus.Finished : RunStatus.Interrupted)
      .catch(() => undefined);
    this.expire();
  }
}

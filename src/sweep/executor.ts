import type { MetricPoint } from '../model/metric.js';
import type { StopRequest } from '../model/stop-request.js';
import type { TrialReport } from './schedulers/scheduler.js';
import type { TrialRecord } from './sweep-file.js';
import type { Trial } from './trial.js';

/** A trial to run: a new one, or another attempt at one that failed or was interrupted. */
export interface NextTrial<P> {
  readonly number: number;
  readonly attempt: number;
  readonly params: P;
}

/** How an attempt at a trial ended, as its record says it. */
export type TrialOutcome = Pick<TrialRecord, 'attempt' | 'run' | 'value' | 'step'> & {
  readonly status: 'finished' | 'stopped' | 'failed' | 'interrupted';
  /** The reason why it failed, or that its training never settled. */
  readonly error?: string;
};

/** A value of the metric that a trial has logged, and what a scheduler makes its decision of. */
export interface LoggedValue extends MetricPoint {
  readonly report: Omit<TrialReport, 'trial'>;
  /** True for the first value of the attempt. */
  readonly isFirst: boolean;
  /** The reason why no scheduler can place the values of the trial; null if one can. */
  readonly oddity: string | null;
}

/** The study's side of a trial that an executor runs: what it hears, in this order. */
export interface TrialObserver<P> {
  /** An attempt begins in a run of this name, which does not exist before the call returns. */
  begins(attempt: Pick<TrialRecord, 'attempt' | 'run'>): void;
  /** The run is open, and the training is about to start. */
  started(trial: Trial<P>): void;
  /** A value was logged. */
  reported(logged: LoggedValue): void;
  /**
   * The trial has finished, or has ended after it was stopped, and its run is about to be closed; a
   * kill in between leaves no other trace of how it ended.
   */
  ending(outcome: TrialOutcome): void;
}

/**
 * The port between a study, which decides what is tried and what is stopped, and whoever runs the
 * trials.
 */
export interface Executor<P> {
  /**
   * Runs a trial in its own run until that is closed; resolves with how it ended.
   *
   * A trial that is aborted ends with the reason of `control`; once that has expired, the training
   * is not waited for. Rejects only if the run cannot be opened or a part of the sweep throws.
   */
  run(next: NextTrial<P>, control: TrialControl, observer: TrialObserver<P>): Promise<TrialOutcome>;
  /** Releases what it holds, when all its trials have ended. */
  close(): Promise<void>;
}

/** The reason why a trial was aborted. */
export type AbortReason = 'stopped' | 'interrupted';

/** The ways to end a running trial. */
export class TrialControl {
  /** The reason why the trial was aborted; null if it was not. */
  abortReason: AbortReason | null = null;
  /** True if the training never settled: nothing was left that could have ended it. */
  isStuck = false;
  /** True if the event loop has nothing left to do. */
  ranDry = false;
  /** The request to the sweep that aborted it; null if there was none. */
  request: StopRequest | null = null;
  private readonly aborting = new AbortController();
  private readonly expiring = new AbortController();

  /** Aborted when the training must end. */
  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  /** Aborted when the time to end has passed. */
  get expired(): AbortSignal {
    return this.expiring.signal;
  }

  /** Asks the training to end; the first reason is kept. */
  abort(reason: AbortReason, request: StopRequest | null = null): void {
    if (this.abortReason !== null) return;
    this.abortReason = reason;
    this.request = request;
    this.aborting.abort(new DOMException(`the trial was ${reason}`, 'AbortError'));
  }

  /** Stops waiting for the training. */
  expire(): void {
    this.expiring.abort();
  }

  /** Gives up a training that cannot end, because the event loop has nothing left to do. */
  giveUp(): void {
    this.ranDry = true;
    this.isStuck = this.abortReason === null;
    this.abort('interrupted');
    this.expire();
  }
}

import type { MetricPoint } from '../model/metric.js';
import type { StopRequest } from '../model/stop-request.js';
import type { TrialReport } from './schedulers/scheduler.js';
import type { TrialRecord } from './sweep-file.js';
import type { TrialPlace } from './trial.js';

/** A trial to run: a new one, or another attempt at one that failed or was interrupted. */
export interface NextTrial<P> {
  readonly number: number;
  readonly attempt: number;
  readonly params: P;
  /** The slot of the study that it takes, from 0. */
  readonly slot: number;
  /** True if an earlier session has begun it and nobody knows how it ended. */
  readonly isTakenUp: boolean;
  /**
   * True if the attempt has a run, here or on another host; only of one that is taken up. If nobody
   * runs it any more, the next attempt takes its place.
   */
  readonly hasBegun?: boolean;
}

/** How an attempt at a trial ended, as its record says it. */
export type TrialOutcome = Pick<
  TrialRecord,
  'attempt' | 'run' | 'value' | 'step' | 'values' | 'constraintValues'
> & {
  readonly status: 'finished' | 'stopped' | 'failed' | 'interrupted';
  /** The reason why it failed, or that its training never settled. */
  readonly error?: string;
  /** Where it ran, if not in this process. */
  readonly place?: TrialPlace;
};

/** A value of a metric that counts. */
export interface TrialPoint extends MetricPoint {
  /**
   * The place of the metric: from 0 those that are optimised, then those of constraints. Absent for
   * the first.
   */
  readonly of?: number;
}

/** A value that a trial has logged, and what a scheduler makes its decision of. */
export interface LoggedValue extends TrialPoint {
  readonly report: Omit<TrialReport, 'trial'>;
  /** True for the first value of the attempt. */
  readonly isFirst: boolean;
  /** The reason why no scheduler can place the values of the trial; null if one can. */
  readonly oddity: string | null;
}

/** An attempt that begins, and where, if not in the process of the sweep. */
export type BegunAttempt = Pick<TrialOutcome, 'attempt' | 'run' | 'place'>;

/** The study's side of a trial that an executor runs: what it hears, in this order. */
export interface TrialObserver<T> {
  /**
   * An attempt begins in a run of this name, which does not exist before the call returns. Called
   * again if another attempt takes its place.
   */
  begins(attempt: BegunAttempt): void;
  /** The run is open, and the training is about to start. */
  started(trial: T): void;
  /** A value was logged. */
  reported(logged: LoggedValue): void;
  /**
   * The trial has finished, or has ended after it was stopped, and its run is about to be closed; a
   * kill in between leaves no other trace of how it ended.
   */
  ending(outcome: TrialOutcome): void;
}

/** The sweep that an executor works for, once its folder is locked. */
export interface ExecutedSweep {
  readonly dir: string;
  /** The identity of the sweep, the same in every session. */
  readonly uuid: string;
  /** The trials that an earlier session has left running, which will be taken up. */
  readonly running: readonly number[];
  /** Aborted when the sweep is stopped. */
  readonly signal: AbortSignal;
  /** Reports something that the user should know. */
  readonly warn: (text: string) => void;
}

/**
 * The port between a study, which decides what is tried and what is stopped, and whoever runs the
 * trials.
 *
 * `P` is the type of the parameters, `T` that of a trial as it is announced.
 */
export interface Executor<P, T> {
  /**
   * True if trials go on while no study is there: those that an earlier session has begun are taken
   * up again, not tried again.
   */
  readonly outlivesStudy: boolean;
  /** Prepares it, before the first trial. */
  open(sweep: ExecutedSweep): Promise<void>;
  /**
   * Runs a trial in its own run until that is closed; resolves with how it ended.
   *
   * A trial that is aborted ends with the reason of `control`; once that has expired, the training
   * is not waited for. Rejects only if the run cannot be opened or a part of the sweep throws.
   */
  run(next: NextTrial<P>, control: TrialControl, observer: TrialObserver<T>): Promise<TrialOutcome>;
  /** Releases what it holds, when all its trials have ended; also after an `open` that failed. */
  close(): Promise<void>;
}

/** The reason why a trial was aborted. */
export type AbortReason = 'stopped' | 'interrupted';

/** The ways to end a running trial. */
export class TrialControl {
  /** The reason why the trial was aborted; null if it was not. */
  abortReason: AbortReason | null = null;
  /** The request to the sweep that aborted it; null if there was none. */
  request: StopRequest | null = null;
  /** True if the training never settled: nothing was left that could have ended it. */
  isStuck = false;
  /** True if the event loop has nothing left to do. */
  ranDry = false;
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

import type { Observable } from 'rxjs';
import type { LoggableRun } from '../engine/loggable-run.js';
import type { LoggingEngine } from '../engine/logging-engine.js';
import type { MetricRow, MetricValue } from '../model/metric.js';
import type { Step } from '../model/step.js';

/** One try of a sweep, as the function that trains is given it, in whichever thread that runs. */
export interface WorkerTrial<P> {
  /** Its number, from 0. */
  readonly number: number;
  /** How often it was begun before: after a failure, or because its process was killed. */
  readonly attempt: number;
  readonly params: P;
  /** Its run: what is logged here the sweep sees. It is closed by the sweep. */
  readonly run: LoggableRun;
  /** Aborted when the trial is not to go on: it was stopped early, or the sweep was. */
  readonly signal: AbortSignal;
}

/** One try of a sweep, in the thread of the sweep. */
export interface Trial<P> extends WorkerTrial<P> {
  readonly run: LoggingEngine;
}

/** What a generator or an Observable of a trial gives: a row, or its values alone, whose step is then counted. */
export type TrialRow = MetricRow | Readonly<Record<string, MetricValue>>;

/** What a function that trains may give. */
export type Training =
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function that gives nothing is one of the ways
  void | Promise<void> | AsyncIterable<TrialRow> | Iterable<TrialRow> | Observable<TrialRow>;

/**
 * What a trial does. It may log into `trial.run` itself, or give rows to be logged. A promise is awaited, a generator is
 * taken from until it ends, an Observable is subscribed to; when the trial is aborted, the latter two are ended.
 */
export type Train<P> = (trial: Trial<P>) => Training;

/**
 * A {@link Train} that runs in a worker thread, too: what the module of `worker` exports.
 *
 * @example
 * export default (async ({ params, run }) => run.logMetrics({ loss: params.lr })) satisfies WorkerTrain<ParamsOf<typeof space>>;
 */
export type WorkerTrain<P> = (trial: WorkerTrial<P>) => Training;

/**
 * Runs a trial until its training has ended; rejects with what that threw.
 *
 * With `expired` it is over: no more is waited for, and what was logged by then is in the run when the promise resolves.
 */
export type Drive<P> = (trial: Trial<P>, expired: AbortSignal) => Promise<void>;

/**
 * How a trial is: `finished` by itself, `stopped` early by the scheduler, `failed` with an error or without a value of the
 * metric, `interrupted` with the sweep, to be tried again.
 */
export type TrialStatus = 'running' | 'finished' | 'stopped' | 'failed' | 'interrupted';

/** What came of a trial. */
export interface TrialResult<P> {
  readonly number: number;
  readonly attempt: number;
  readonly status: TrialStatus;
  readonly params: P;
  /** The metric's last value, or its best, as the sweep was asked; null when none came. */
  readonly value: number | null;
  /** The step of that value. */
  readonly step: Step | null;
  readonly runDir: string;
  /** Why it failed. */
  readonly error?: string;
}

/** What happens in a sweep. */
export type TrialEvent<P> =
  | { readonly kind: 'started'; readonly trial: Trial<P> }
  | {
      readonly kind: 'reported';
      readonly number: number;
      readonly step: Step | null;
      readonly value: number;
    }
  | { readonly kind: 'stopped' | 'finished' | 'interrupted'; readonly trial: TrialResult<P> }
  | { readonly kind: 'failed'; readonly trial: TrialResult<P>; readonly willRetry: boolean };

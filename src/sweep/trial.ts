import type { Observable } from 'rxjs';
import type { LoggableRun } from '../engine/loggable-run.js';
import type { LoggingEngine } from '../engine/logging-engine.js';
import type { MetricRow, MetricValue } from '../model/metric.js';
import type { Step } from '../model/step.js';

/** A trial of a sweep, as passed to the training function, in whichever thread it runs. */
export interface WorkerTrial<P> {
  /** Its number, from 0. */
  readonly number: number;
  /** The number of earlier attempts: after a failure, or because the process was killed. */
  readonly attempt: number;
  readonly params: P;
  /** The slot that it runs in, from 0: no other trial of this process is in it at the same time. */
  readonly slot: number;
  /** Its run: the sweep sees what is logged here, and closes it. */
  readonly run: LoggableRun;
  /** Aborted when the trial must end: it was stopped early, or the sweep was. */
  readonly signal: AbortSignal;
}

/** A trial of a sweep, in the thread of the sweep. */
export interface Trial<P> extends WorkerTrial<P> {
  readonly run: LoggingEngine;
}

/** Where a trial runs that is not run in the process of the sweep. */
export interface TrialPlace {
  /** The name of the host. */
  readonly host: string;
  /** The slot of the process there, from 0. */
  readonly slot: number;
  /** The folder of its run on that host. */
  readonly runDir: string;
}

/** A trial of a sweep that runs in another process, maybe on another host; its run is there. */
export interface PlacedTrial<P> extends Pick<WorkerTrial<P>, 'number' | 'attempt' | 'params' | 'slot'> {
  /** The name of the host. */
  readonly host: string;
}

/**
 * A row from a generator or an Observable of a trial: a row, or only its values, which get the next
 * step.
 */
export type TrialRow = MetricRow | Readonly<Record<string, MetricValue>>;

/** The return types of a training function. */
export type Training =
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function that returns nothing is allowed
  void | Promise<void> | AsyncIterable<TrialRow> | Iterable<TrialRow> | Observable<TrialRow>;

/**
 * The training function. It may log to `trial.run` itself, or return rows to be logged. A promise
 * is awaited, a generator is iterated to its end, an Observable is subscribed to; when the trial is
 * aborted, the latter two are ended.
 */
export type Train<P> = (trial: Trial<P>) => Training;

/**
 * A {@link Train} that also runs in a worker thread: the export of the `worker` module.
 *
 * @example
 * export default (async ({ params, run }) => run.logMetrics({ loss: params.lr })) satisfies WorkerTrain<ParamsOf<typeof space>>;
 */
export type WorkerTrain<P> = (trial: WorkerTrial<P>) => Training;

/**
 * Runs a trial until its training has ended; rejects with what that threw.
 *
 * Once `expired` is aborted, it waits no longer, and everything logged by then is in the run when
 * the promise resolves.
 */
export type Drive<P> = (trial: Trial<P>, expired: AbortSignal) => Promise<void>;

/**
 * The status of a trial: `finished` by itself, `stopped` early by the scheduler, `failed` with an
 * error or without a value of the metric, `interrupted` with the sweep or because its training never
 * settled, to be tried again when the sweep is resumed.
 */
export type TrialStatus = 'running' | 'finished' | 'stopped' | 'failed' | 'interrupted';

/** The result of a trial. */
export interface TrialResult<P> {
  readonly number: number;
  readonly attempt: number;
  readonly status: TrialStatus;
  readonly params: P;
  /**
   * The metric's last or best value, depending on the sweep's options; null if there was none. With
   * several metrics that of the first.
   */
  readonly value: number | null;
  /** One value for each metric; empty if one of them has none. */
  readonly values: readonly number[];
  /**
   * The amount by which it breaks the constraints of the sweep, summed; 0 if it keeps them; null if
   * one of their metrics has no value.
   */
  readonly violation: number | null;
  /** The step of that value. */
  readonly step: Step | null;
  /** The folder of its run, on `host` if there is one. */
  readonly runDir: string;
  /** The host it ran on, if another process than that of the sweep ran it. */
  readonly host?: string;
  /** The slot of that process. */
  readonly slot?: number;
  /** The reason why it failed, or that its training never settled. */
  readonly error?: string;
}

/**
 * An event of a sweep; `ended` is always the last. `T` is a {@link PlacedTrial} where other processes
 * run the trials. A trial whose worker was lost is started again with a higher `attempt`.
 */
export type TrialEvent<P, T = Trial<P>> =
  | { readonly kind: 'started'; readonly trial: T }
  | {
      readonly kind: 'reported';
      readonly number: number;
      /** The metric, one of those that are optimised. */
      readonly metric: string;
      readonly step: Step | null;
      readonly value: number;
    }
  | { readonly kind: 'stopped' | 'finished' | 'interrupted'; readonly trial: TrialResult<P> }
  | {
      readonly kind: 'failed';
      readonly trial: TrialResult<P>;
      /** True if it is tried again: in this session, or in the next one if the sweep was stopped. */
      readonly willRetry: boolean;
    }
  /** The last event: how the sweep ended, and the error that its result rejects with, if any. */
  | {
      readonly kind: 'ended';
      readonly status: 'FINISHED' | 'INTERRUPTED' | 'FAILED';
      readonly error: Error | null;
    };

import type { TrialControl, TrialOutcome, TrialPoint } from '../executor.js';
import type { Objectives } from '../objectives.js';
import type { TrialPlace } from '../trial.js';

/** An attempt for a worker process to run. */
export interface Attempt {
  readonly number: number;
  readonly attempt: number;
  readonly params: unknown;
  readonly slot: number;
}

/** The rules of a sweep that travel with its trials. */
export interface AttemptRules extends Objectives {
  /** Infinity for no limit. */
  readonly graceMs: number;
}

/** Hears of an attempt while it runs. */
export interface AttemptObserver {
  /** The run is open, and the training is about to start. */
  started(place: TrialPlace): void;
  reported(point: TrialPoint): void;
  /** As of a `TrialObserver`; not called by all who run attempts. */
  ending?(outcome: TrialOutcome): void;
}

/** Runs an attempt, whose run is closed when the promise resolves. */
export type AttemptRunner = (
  attempt: Attempt,
  rules: AttemptRules,
  host: { readonly control: TrialControl; readonly observer: AttemptObserver },
) => Promise<TrialOutcome>;

/** A trial that a worker has taken, for whoever watches the worker. */
export interface TakenTrial {
  readonly kind: 'begun' | 'ended';
  readonly number: number;
  readonly attempt: number;
  readonly slot: number;
  /** How it ended. */
  readonly outcome?: TrialOutcome;
}

/** What a worker process takes trials for, and with. */
export interface TakeOptions {
  /** The name of the sweep. */
  readonly name: string;
  /** The folder of its runs on this host. */
  readonly dir: string;
  /** The number of trials at a time. */
  readonly concurrency: number;
  /** Runs an attempt in a slot. */
  readonly run: AttemptRunner;
  /** Throws if a trial must not have these parameters. */
  readonly checkParams: (params: unknown) => void;
  /** Aborted when no more trials are to be taken; those that run come to their end. */
  readonly draining: AbortSignal;
  /** Gets what the user should know, in sentences. */
  readonly notify: (text: string) => void;
  /** Called with each trial when it begins and when it has ended. */
  readonly onTrial: (trial: TakenTrial) => void;
}

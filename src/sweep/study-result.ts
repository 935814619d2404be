import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { wayOut } from './study-warnings.js';
import type { TrialRecord } from './sweep-file.js';
import type { TrialRecords } from './trial-records.js';
import type { TrialResult } from './trial.js';

/** The outcome of a sweep. */
export interface StudyResult<P> {
  /**
   * `INTERRUPTED` if it was stopped by a call, a signal or its time limit, or if a training never
   * settled; it can be resumed.
   */
  readonly status: 'FINISHED' | 'INTERRUPTED';
  /**
   * The best of the finished trials; if there are none, of those stopped early, then of those
   * interrupted.
   */
  readonly best: TrialResult<P> & { readonly value: number };
  /** All trials by number, including those of the sweep that was resumed. */
  readonly trials: readonly TrialResult<P>[];
  /** The number of trials that are results of an earlier session, from `sweep.yaml`. */
  readonly reused: number;
}

/** How a sweep ended, beside its records. */
export interface StudyEnd {
  readonly dir: string;
  readonly metric: string;
  readonly maxFailures: number;
  readonly failures: number;
  readonly reused: number;
  readonly isStopped: boolean;
  /** True if trials were left that had not begun. */
  readonly isLeft: boolean;
}

/**
 * Writes the last state of a sweep, and returns its result.
 *
 * @throws ExpmanError `SWEEP_FAILED`
 */
export function concludeSweep<P>(records: TrialRecords, end: StudyEnd): StudyResult<P> {
  const { dir, failures, maxFailures, reused } = end;
  // Such as one that a worker had taken in an earlier session, when this one was stopped before it
  // took the trial up.
  records.cutOff();
  const { best } = records;
  const tooMany = failures > maxFailures;
  const isCut = records.all.some(({ status, retry }) => status === 'interrupted' || retry === true);
  const status = isCut || end.isLeft ? 'INTERRUPTED' : 'FINISHED';
  records.status = tooMany || (best === null && status === 'FINISHED') ? 'FAILED' : status;
  records.write();
  if (best?.value == null || tooMany) {
    const failed = records.all.find(({ error }) => error !== undefined);
    const example = failed?.error === undefined ? '' : `; one of them: ${failed.error}`;
    const none = `no trial reported a value of ${JSON.stringify(end.metric)}`;
    const message = tooMany
      ? `${failures} trials failed, more than ${maxFailures}`
      : `${none}${end.isStopped ? ' before the sweep was stopped' : ''}`;
    throw new ExpmanError('SWEEP_FAILED', `${message}${example}${wayOut(failures)}`, {
      path: dir,
      count: failures,
    });
  }
  return {
    status,
    best: { ...resultOf<P>(dir, best), value: best.value },
    trials: records.all.map((record) => resultOf<P>(dir, record)),
    reused,
  };
}

/** Returns the result of a trial, from its record. */
export function resultOf<P>(dir: string, record: TrialRecord): TrialResult<P> {
  const { trial, attempt, status, run, params, value, step, host, slot, runDir, error } = record;
  return {
    ...{ number: trial, attempt, status, params: params as P, value, step },
    runDir: runDir ?? join(dir, run),
    ...(host !== undefined && { host }),
    ...(slot !== undefined && { slot }),
    ...(error !== undefined && { error }),
  };
}

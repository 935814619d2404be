import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { frontOf, valuesOf, violationOf } from '../pure/sweep-front.js';
import { wayOut } from './study-warnings.js';
import type { SweepPlan, TrialRecord } from './sweep-file.js';
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
   * interrupted. It keeps all constraints; with several metrics it is the best by the first.
   */
  readonly best: TrialResult<P> & { readonly value: number };
  /**
   * The Pareto front, by number: the finished trials that keep all constraints and that no other of
   * these surpasses in all metrics. With one metric, the best ones.
   */
  readonly front: readonly TrialResult<P>[];
  /** All trials by number, including those of the sweep that was resumed. */
  readonly trials: readonly TrialResult<P>[];
  /** The number of trials that are results of an earlier session, from `sweep.yaml`. */
  readonly reused: number;
}

/** How a sweep ended, beside its records. */
export interface StudyEnd {
  readonly dir: string;
  readonly plan: SweepPlan;
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
  const { dir, plan, failures, maxFailures, reused } = end;
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
    const message = tooMany
      ? `${failures} trials failed, more than ${maxFailures}`
      : `${lackOf(plan, records.all)}${end.isStopped ? ' before the sweep was stopped' : ''}`;
    throw new ExpmanError('SWEEP_FAILED', `${message}${example}${wayOut(failures)}`, {
      path: dir,
      count: failures,
    });
  }
  return {
    status,
    best: { ...resultOf<P>(dir, plan, best), value: best.value },
    front: frontOf(plan, records.all).map((record) => resultOf<P>(dir, plan, record)),
    trials: records.all.map((record) => resultOf<P>(dir, plan, record)),
    reused,
  };
}

/** Says why no trial is the best. */
function lackOf(plan: SweepPlan, trials: readonly TrialRecord[]): string {
  const names = (plan.metrics ?? [{ name: plan.metric }]).map(({ name }) => JSON.stringify(name)).join(', ');
  const broken = trials
    .filter(({ status, value }) => status !== 'failed' && value !== null)
    .map((record) => ({ record, violation: violationOf(plan, record) ?? 0 }))
    .filter(({ violation }) => violation > 0)
    .sort((one, other) => one.violation - other.violation);
  const [nearest] = broken;
  if (nearest === undefined) return `no trial reported a value of ${names}`;
  const bounds = (plan.constraints ?? [])
    .map(({ metric, max, min }, at) => {
      const had = nearest.record.constraintValues?.[at];
      return `${JSON.stringify(metric)} ${max === undefined ? `>= ${min}` : `<= ${max}`} (it has ${had})`;
    })
    .join(', ');
  return `none of ${broken.length} trials keeps the constraints; the nearest is trial ${nearest.record.trial}: ${bounds}`;
}

/** Returns the result of a trial, from its record. */
export function resultOf<P>(dir: string, plan: SweepPlan, record: TrialRecord): TrialResult<P> {
  const { trial, attempt, status, run, params, value, step, host, slot, runDir, error } = record;
  return {
    ...{ number: trial, attempt, status, params: params as P, value, step },
    ...{ values: valuesOf(plan, record), violation: violationOf(plan, record) },
    runDir: runDir ?? join(dir, run),
    ...(host !== undefined && { host }),
    ...(slot !== undefined && { slot }),
    ...(error !== undefined && { error }),
  };
}

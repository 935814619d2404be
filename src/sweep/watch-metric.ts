import { invalidOption } from '../model/option-rules.js';
import { MetricWatch } from './metric-watch.js';
import type { TrialHost } from './run-trial.js';
import type { RunningTrial } from './running-trial.js';
import { type TrialCourse, noScheduler } from './schedulers/scheduler.js';
import { isPair } from './sweep-file.js';
import type { ResolvedSweep } from './sweep-options.js';

/** @bound refuses: INVALID_OPTION */
const MAX_COURSE = 1000;

/**
 * Follows the trial's metric, emits each of its values, and aborts the trial when the scheduler
 * says so.
 */
export function watchMetric<P>(running: RunningTrial<P>, host: TrialHost<P>): MetricWatch {
  const { options, events } = host;
  const { number, run } = running.trial;
  const watch = new MetricWatch(options.value, options.mode === 'min' ? 1 : -1);
  run.metrics.subscribe({
    next: (row) => {
      const point = watch.add(row, options.metric);
      if (point === null) return;
      if (events.observed) events.next({ kind: 'reported', number, step: point.step, value: point.value });
      if (options.scheduler !== noScheduler && running.abortReason === null) judge(running, watch, host);
    },
    error: () => undefined,
  });
  return watch;
}

/** Lets the scheduler judge the last value; what it throws aborts the trial, and ends the sweep. */
function judge<P>(running: RunningTrial<P>, watch: MetricWatch, { options, remark }: TrialHost<P>): void {
  const { scheduler } = options;
  const report = { trial: running.trial.number, ...watch.report };
  try {
    const oddity = watch.oddity ?? (watch.isFirst ? (scheduler.remark?.(report) ?? null) : null);
    if (oddity !== null) remark(running.trial, oddity);
    const stops: unknown = scheduler.stops(report);
    if (typeof stops !== 'boolean')
      throw invalidOption('scheduler.stops', 'a function that returns true or false', stops);
    if (stops) running.abort('stopped');
  } catch (thrown) {
    running.brokenBy = { thrown };
    running.abort('interrupted');
  }
}

/** Returns the scheduler's record of a trial, as `sweep.yaml` can hold it. */
export function courseOf<P>({ scheduler }: ResolvedSweep<P>, trial: number): TrialCourse {
  const course: unknown = scheduler.courseOf?.(trial) ?? [];
  const isCourse = Array.isArray(course) && course.length <= MAX_COURSE && course.every(isPair);
  if (!isCourse)
    throw invalidOption(
      'scheduler.courseOf',
      `a function that returns at most ${MAX_COURSE} pairs of numbers`,
      course,
    );
  return course as TrialCourse;
}

import type { Subject } from 'rxjs';
import { LoggingEngine } from '../engine/logging-engine.js';
import { messageOf } from '../model/errors.js';
import { ExperimentConfig } from '../model/experiment-config.js';
import type { RunSummary } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import { after } from './after.js';
import type { MetricWatch } from './metric-watch.js';
import { type Failure, type NextTrial, RunningTrial, STUCK } from './running-trial.js';
import type { TrialRecord } from './sweep-file.js';
import type { ResolvedSweep } from './sweep-options.js';
import type { Drive, Trial, TrialEvent } from './trial.js';
import { courseOf, watchMetric } from './watch-metric.js';

/** The sweep of a trial, as far as the trial needs it. */
export interface TrialHost<P> {
  readonly options: ResolvedSweep<P>;
  readonly drive: Drive<P>;
  readonly events: Subject<TrialEvent<P>>;
  /** The running trials: each is here from before its `started` event until its run is closed. */
  readonly running: Set<RunningTrial<P>>;
  /** Called with the trial's record before its run exists, and again before its run is closed. */
  readonly onRecord: (record: TrialRecord) => void;
  /** Called with what keeps the scheduler from judging a trial well. */
  readonly remark: (trial: Trial<P>, oddity: string) => void;
}

/**
 * Runs one trial in its own run: trains, watches the metric, lets the scheduler decide, and closes
 * the run.
 *
 * Resolves with the trial's record, which says how it ended; rejects only if the run cannot be
 * opened or a part of the sweep throws.
 */
export async function runTrial<P>(next: NextTrial<P>, host: TrialHost<P>): Promise<TrialRecord> {
  const { options, events } = host;
  const { number, attempt, failures, params } = next;
  const run = `trial-${String(number).padStart(4, '0')}${attempt === 0 ? '' : `.${attempt}`}`;
  const begun: TrialRecord = {
    trial: number,
    attempt,
    status: 'running',
    run,
    params,
    value: null,
    step: null,
    ...(failures > 0 && { failures }),
  };
  // Before the run exists: a trial without a record would be tried again.
  host.onRecord(begun);
  // An earlier attempt at the same trial says nothing about this one.
  if (attempt > 0) options.scheduler.recall?.(number, []);
  const engine = openTrialRun(run, options);
  engine.logParams(params as Readonly<Record<string, unknown>>);
  const running = new RunningTrial(next, engine);
  host.running.add(running);
  events.next({ kind: 'started', trial: running.trial });
  // A trial that somebody asks to end counts with what it has reported, and is not tried again.
  engine.stop$.subscribe({
    next: () => running.abort('stopped'),
    // The trial's own end tells of a run that fails.
    error: () => undefined,
  });
  const watch = watchMetric(running, host);
  try {
    const failure = await untilTrained(running, host);
    const record = await closeTrial(running, { begun, watch, failure }, host);
    if (running.brokenBy !== null) throw running.brokenBy.thrown;
    return record;
  } finally {
    host.running.delete(running);
  }
}

function openTrialRun<P>(runName: string, { name, baseDir, run }: ResolvedSweep<P>): LoggingEngine {
  return new LoggingEngine(
    new ExperimentConfig(name, baseDir, {
      ...run,
      runName,
      // The folder of a trial is its own: rows of anything else are never continued.
      resume: 'never',
      group: name,
    }),
  );
}

/**
 * Waits until the training ends, or `graceMs` after it was aborted; returns what it threw, null if
 * it threw nothing.
 */
async function untilTrained<P>(
  running: RunningTrial<P>,
  { options, drive }: TrialHost<P>,
): Promise<Failure | null> {
  const { trial, expired } = running;
  let callOff = (): void => undefined;
  const onAbort = (): void => {
    callOff = after(options.graceMs, () => {
      trial.run.logger.warn(
        'the trial was aborted but did not end in time; the sweep no longer waits for it',
      );
      running.expire();
    });
  };
  trial.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await drive(trial, expired);
    return null;
  } catch (thrown) {
    return { thrown };
  } finally {
    callOff();
  }
}

/** A training that has ended: the trial's record so far, its metric, and what it threw. */
interface Trained {
  readonly begun: TrialRecord;
  readonly watch: MetricWatch;
  readonly failure: Failure | null;
}

/** Closes the trial's run as the training ended; returns the trial's last record. */
async function closeTrial<P>(
  running: RunningTrial<P>,
  { begun, watch, failure }: Trained,
  { options, onRecord }: TrialHost<P>,
): Promise<TrialRecord> {
  const { abortReason, isStuck, trial } = running;
  const { run } = trial;
  const { reported } = watch;
  const record = { ...begun, value: reported?.value ?? null, step: reported?.step ?? null };
  if (abortReason === 'interrupted')
    return recordAfter(run.close(RunStatus.Interrupted), {
      ...record,
      status: abortReason,
      ...(isStuck && { error: STUCK }),
    });
  try {
    const course = courseOf(options, trial.number);
    const counted = { ...record, ...(course.length > 0 && { course }) };
    // An aborted trial may throw; that is not a failure.
    if (failure !== null && abortReason === null) {
      // eslint-disable-next-line rxjs-x/throw-error -- what was thrown is passed on as it is
      run.metrics.error(failure.thrown);
      return await recordAfter(run.closed, {
        ...counted,
        status: 'failed',
        error: messageOf(failure.thrown),
      });
    }
    if (reported === null && abortReason === null) {
      const error = `the metric ${JSON.stringify(options.metric)} ${watch.lack}`;
      run.logger.error(error);
      return await recordAfter(run.close(RunStatus.Failed), { ...counted, status: 'failed', error });
    }
    const ending = abortReason ?? 'finished';
    // Before the run is closed: a kill in between would leave no trace of how the trial ended.
    onRecord({ ...counted, status: 'running', ending });
    return await recordAfter(run.close(RunStatus.Finished), { ...counted, status: ending });
  } catch (thrown) {
    await run.close(RunStatus.Interrupted).catch(() => undefined);
    throw thrown;
  }
}

/**
 * Returns the record of a trial whose run is being closed: as given, or failed if the run was
 * closed otherwise or could not be written.
 */
async function recordAfter(closing: Promise<RunSummary>, record: TrialRecord): Promise<TrialRecord> {
  try {
    const { status: closedAs } = await closing;
    // A run that its trial has closed itself keeps its status.
    return record.status === 'finished' && closedAs !== RunStatus.Finished
      ? { ...record, status: 'failed', error: `the trial closed its run as ${closedAs}` }
      : record;
  } catch (unwritten) {
    return { ...record, status: 'failed', value: null, step: null, error: messageOf(unwritten) };
  }
}

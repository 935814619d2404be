import type { Subject } from 'rxjs';
import { LoggingEngine } from '../engine/logging-engine.js';
import { requestStop } from '../engine/run-stop.js';
import { messageOf } from '../model/errors.js';
import { ExperimentConfig } from '../model/experiment-config.js';
import type { RunSummary } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import type { StopRequest } from '../model/stop-request.js';
import { after } from './after.js';
import { MetricWatch } from './metric-watch.js';
import type { TrialRecord } from './sweep-file.js';
import type { ResolvedSweep } from './sweep-options.js';
import type { Drive, Trial, TrialEvent } from './trial.js';

/** A trial to run: a new one, or another attempt at one that failed or was interrupted. */
export interface NextTrial<P> {
  readonly number: number;
  readonly attempt: number;
  readonly params: P;
}

/** The sweep of a trial, as far as the trial needs it. */
export interface TrialHost<P> {
  readonly options: ResolvedSweep<P>;
  readonly drive: Drive<P>;
  readonly events: Subject<TrialEvent<P>>;
  /** The running trials: each is here from before its `started` event until its run is closed. */
  readonly running: Set<RunningTrial<P>>;
  /** Called with the trial's record before its run exists. */
  readonly onBegin: (record: TrialRecord) => void;
}

/** The reason why a trial was aborted. */
type AbortReason = 'stopped' | 'interrupted';

/** A running trial, and the two ways to end it. */
export class RunningTrial<P> {
  readonly trial: Trial<P>;
  /** The reason why the trial was aborted; null if it was not. */
  abortReason: AbortReason | null = null;
  private readonly aborting = new AbortController();
  private readonly expiring = new AbortController();

  constructor({ number, attempt, params }: NextTrial<P>, run: LoggingEngine) {
    this.trial = { number, attempt, params, run, signal: this.aborting.signal };
  }

  /** Aborted when the trial's time to end has passed. */
  get expired(): AbortSignal {
    return this.expiring.signal;
  }

  /** Asks the training to end; the first reason is kept. A request to the sweep is one to its runs, too. */
  abort(reason: AbortReason, request: StopRequest | null = null): void {
    if (this.abortReason !== null) return;
    this.abortReason = reason;
    if (request !== null) requestStop(this.trial.run, request);
    this.aborting.abort(new DOMException(`the trial was ${reason}`, 'AbortError'));
  }

  /** Stops waiting for the training. */
  expire(): void {
    this.expiring.abort();
  }
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
  const { number, attempt, params } = next;
  const run = `trial-${String(number).padStart(4, '0')}${attempt === 0 ? '' : `.${attempt}`}`;
  const begun: TrialRecord = {
    trial: number,
    attempt,
    status: 'running',
    run,
    params,
    value: null,
    step: null,
  };
  // Before the run exists: a trial without a record would be tried again.
  host.onBegin(begun);
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
  const failure = await untilTrained(running, host);
  const record = await closeTrial(running, { begun, watch, failure }, options);
  host.running.delete(running);
  return record;
}

function openTrialRun<P>(runName: string, { name, baseDir, run }: ResolvedSweep<P>): LoggingEngine {
  return new LoggingEngine(
    new ExperimentConfig(name, baseDir, {
      ...run,
      runName,
      // A killed process may have left an empty folder behind.
      resume: 'allow',
      group: name,
    }),
  );
}

/**
 * Follows the trial's metric, emits each of its values, and aborts the trial when the scheduler
 * says so.
 */
function watchMetric<P>(running: RunningTrial<P>, { options, events }: TrialHost<P>): MetricWatch {
  const { number, run } = running.trial;
  const watch = new MetricWatch(options.value, options.mode === 'min' ? 1 : -1);
  run.metric(options.metric).subscribe({
    next: (point) => {
      const report = watch.add(point);
      if (events.observed) events.next({ kind: 'reported', number, step: point.step, value: point.value });
      if (
        report !== null &&
        running.abortReason === null &&
        options.scheduler.stops({ trial: number, ...report })
      )
        running.abort('stopped');
    },
    error: () => undefined,
  });
  return watch;
}

/** The failure of a training. */
interface Failure {
  readonly thrown: unknown;
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
  { trial, abortReason }: RunningTrial<P>,
  { begun, watch, failure }: Trained,
  { scheduler, metric }: ResolvedSweep<P>,
): Promise<TrialRecord> {
  const { run } = trial;
  const { reported } = watch;
  const course = scheduler.courseOf(trial.number);
  const record = {
    ...begun,
    value: reported?.value ?? null,
    step: reported?.step ?? null,
    ...(course.length > 0 && { course }),
  };
  if (abortReason === 'interrupted')
    return recordAfter(run.close(RunStatus.Interrupted), { ...record, status: abortReason });
  // An aborted trial may throw; that is not a failure.
  if (failure !== null && abortReason === null) {
    // eslint-disable-next-line rxjs-x/throw-error -- what was thrown is passed on as it is
    run.metrics.error(failure.thrown);
    return recordAfter(run.closed, { ...record, status: 'failed', error: messageOf(failure.thrown) });
  }
  if (reported === null && abortReason === null) {
    const error = `the metric ${JSON.stringify(metric)} ${watch.lack}`;
    run.logger.error(error);
    return recordAfter(run.close(RunStatus.Failed), { ...record, status: 'failed', error });
  }
  return recordAfter(run.close(RunStatus.Finished), { ...record, status: abortReason ?? 'finished' });
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

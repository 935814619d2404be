import { LoggingEngine } from '../engine/logging-engine.js';
import { requestStop } from '../engine/run-stop.js';
import { messageOf } from '../model/errors.js';
import { ExperimentConfig } from '../model/experiment-config.js';
import type { RunSummary } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import { after } from './after.js';
import type {
  Executor,
  LoggedValue,
  NextTrial,
  TrialControl,
  TrialObserver,
  TrialOutcome,
} from './executor.js';
import type { ResolvedSweep } from './sweep-options.js';
import type { Drive, Trial } from './trial.js';
import { trialRunName } from './trial-run-name.js';
import { TrialWatch } from './trial-watch.js';

/** The options of a sweep that a trial needs where it runs. */
export type TrialRules = Pick<
  ResolvedSweep<unknown>,
  'name' | 'baseDir' | 'run' | 'metrics' | 'constraints' | 'value' | 'graceMs'
>;

const STUCK =
  'its training never settled: the event loop had nothing left to do; it is tried again when the sweep is resumed';

/** Runs trials in this process: their runs are opened here, and `drive` trains. */
export function runHere<P>(rules: TrialRules, drive: Drive<P>): Executor<P, Trial<P>> {
  return {
    outlivesStudy: false,
    open: () => Promise.resolve(),
    run: (next, control, observer) => runTrial(next, control, { rules, drive, observer }),
    close: () => Promise.resolve(),
  };
}

/** What a trial in this process works with. */
interface TrialHost<P> {
  readonly rules: TrialRules;
  readonly drive: Drive<P>;
  readonly observer: TrialObserver<Trial<P>>;
}

/**
 * One attempt at a trial in its own run: trains, watches the metric, and closes the run.
 *
 * Resolves with how it ended; rejects only if the run cannot be opened or a part of the sweep
 * throws.
 */
async function runTrial<P>(
  next: NextTrial<P>,
  control: TrialControl,
  host: TrialHost<P>,
): Promise<TrialOutcome> {
  const { number, attempt, params, slot } = next;
  const begun = { attempt, run: trialRunName(number, attempt) };
  // Before the run exists: a trial without a record would be tried again.
  host.observer.begins(begun);
  const run = openTrialRun(begun.run, host.rules);
  run.logParams(params as Readonly<Record<string, unknown>>);
  const { signal } = control;
  const trial: Trial<P> = { number, attempt, params, slot, run, signal };
  // Before all other listeners: a request to the sweep is one to its runs, too.
  const onAbort = (): void => {
    if (control.request !== null) requestStop(run, control.request);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  host.observer.started(trial);
  // A trial that somebody asks to end counts with what it has reported, and is not tried again.
  run.stop$.subscribe({
    next: () => control.abort('stopped'),
    // The trial's own end tells of a run that fails.
    error: () => undefined,
  });
  const watch = watchMetrics(run, host);
  control.expired.addEventListener('abort', () => closeDry(trial, control), { once: true });
  const failure = await untilTrained(trial, control, host);
  return closeTrial(trial, { begun, watch, failure, control }, host);
}

/**
 * Begins to close the run of a trial for which nothing is left to do: the end of its process would
 * close it as finished.
 */
function closeDry<P>({ number, run }: Trial<P>, { abortReason, isStuck, ranDry }: TrialControl): void {
  if (!ranDry) return;
  if (isStuck) {
    run.logger.error(STUCK);
    process.emitWarning(`trial ${number} in ${run.runDir}: ${STUCK}`, { type: 'ExpmanWarning' });
  }
  if (abortReason === 'interrupted') run.close(RunStatus.Interrupted).catch(() => undefined);
}

function openTrialRun(runName: string, { name, baseDir, run }: TrialRules): LoggingEngine {
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

/** Follows the trial's metrics, and reports each of their values. */
function watchMetrics<P>(run: LoggingEngine, { rules, observer }: TrialHost<P>): TrialWatch {
  const watch = new TrialWatch(rules);
  const onValue = (logged: LoggedValue): void => observer.reported(logged);
  run.metrics.subscribe({
    next: (row) => watch.add(row, onValue),
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
  trial: Trial<P>,
  control: TrialControl,
  { rules, drive }: TrialHost<P>,
): Promise<Failure | null> {
  let callOff = (): void => undefined;
  const onAbort = (): void => {
    callOff = after(rules.graceMs, () => {
      trial.run.logger.warn(
        'the trial was aborted but did not end in time; the sweep no longer waits for it',
      );
      control.expire();
    });
  };
  trial.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await drive(trial, control.expired);
    return null;
  } catch (thrown) {
    return { thrown };
  } finally {
    callOff();
  }
}

/** A training that has ended: its attempt, its metrics, what it threw, and why it was aborted. */
interface Trained {
  readonly begun: Pick<TrialOutcome, 'attempt' | 'run'>;
  readonly watch: TrialWatch;
  readonly failure: Failure | null;
  readonly control: TrialControl;
}

/** Closes the trial's run as the training ended; returns how that was. */
async function closeTrial<P>(
  { run }: Trial<P>,
  { begun, watch, failure, control }: Trained,
  { observer }: TrialHost<P>,
): Promise<TrialOutcome> {
  const { abortReason, isStuck } = control;
  const outcome = { ...begun, ...watch.reported };
  if (abortReason === 'interrupted') {
    const stuck = isStuck && { error: STUCK };
    return outcomeAfter(run.close(RunStatus.Interrupted), { ...outcome, status: abortReason, ...stuck });
  }
  // An aborted trial may throw; that is not a failure.
  if (failure !== null && abortReason === null) {
    // eslint-disable-next-line rxjs-x/throw-error -- what was thrown is passed on as it is
    run.metrics.error(failure.thrown);
    return outcomeAfter(run.closed, { ...outcome, status: 'failed', error: messageOf(failure.thrown) });
  }
  const error = watch.lack;
  if (error !== null && abortReason === null) {
    run.logger.error(error);
    return outcomeAfter(run.close(RunStatus.Failed), { ...outcome, status: 'failed', error });
  }
  const ended: TrialOutcome = { ...outcome, status: abortReason ?? 'finished' };
  try {
    observer.ending(ended);
  } catch (thrown) {
    await run.close(RunStatus.Interrupted).catch(() => undefined);
    throw thrown;
  }
  return outcomeAfter(run.close(RunStatus.Finished), ended);
}

/**
 * Returns the outcome of a trial whose run is being closed: as given, or failed if the run was
 * closed otherwise or could not be written.
 */
async function outcomeAfter(closing: Promise<RunSummary>, outcome: TrialOutcome): Promise<TrialOutcome> {
  try {
    const { status: closedAs } = await closing;
    // A run that its trial has closed itself keeps its status.
    return outcome.status === 'finished' && closedAs !== RunStatus.Finished
      ? { ...outcome, status: 'failed', error: `the trial closed its run as ${closedAs}` }
      : outcome;
  } catch (unwritten) {
    const { attempt, run } = outcome;
    return { attempt, run, status: 'failed', value: null, step: null, error: messageOf(unwritten) };
  }
}

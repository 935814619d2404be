import { join } from 'node:path';
import { type Observable, Subject } from 'rxjs';
import { LoggingEngine } from '../engine/logging-engine.js';
import { watchSignals } from '../engine/process/process-signals.js';
import { TapObservable } from '../engine/streams/taps.js';
import { attempt } from '../model/attempt.js';
import { ExpmanError, messageOf } from '../model/errors.js';
import { ExperimentConfig } from '../model/experiment-config.js';
import { invalidOption } from '../model/option-rules.js';
import type { RunSummary } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import { makeFolders } from '../storage/make-folders.js';
import { nodeFs } from '../storage/node-fs.js';
import { patientFs } from '../storage/patient-fs.js';
import { HEARTBEAT_MS, type LockOwner, beatLock } from '../storage/lock-file.js';
import { OwnerWatch, mustNotBeOwned } from '../storage/owner-watch.js';
import { releaseLock, takeLock } from '../storage/run-lock.js';
import { after } from './after.js';
import { MetricWatch } from './metric-watch.js';
import { withSecretsOf } from './secret-params.js';
import type { SpaceDescription } from './space/describe-space.js';
import type { SweepPlan, TrialRecord } from './sweep-file.js';
import type { ResolvedSweep } from './sweep-options.js';
import type { Drive, Trial, TrialEvent, TrialResult, TrialStatus } from './trial.js';
import { TrialRecords } from './trial-records.js';

const fs = patientFs(nodeFs);

/** What came of a sweep. */
export interface StudyResult<P> {
  /** `INTERRUPTED` when it was stopped, by a call, a signal or its time limit; it can be resumed. */
  readonly status: 'FINISHED' | 'INTERRUPTED';
  /** The best of the trials that finished; where none did, of those that were stopped early, then of those that were interrupted. */
  readonly best: TrialResult<P> & { readonly value: number };
  /** All trials by number, those of the sweep that was resumed included. */
  readonly trials: readonly TrialResult<P>[];
}

/** A sweep that is under way. */
export interface Study<P> {
  /** The experiment's folder: `sweep.yaml`, and a folder for each trial's run. */
  readonly dir: string;
  /** What happens, from the subscription on; completes with the sweep, never errors. */
  readonly events$: Observable<TrialEvent<P>>;
  /**
   * Resolves when all trials are over and their runs closed.
   *
   * Rejects with `SWEEP_FAILED` when no trial gave a value or more than `maxFailures` failed, with `RUN_LOCKED` when another process is at
   * this sweep, with `RUN_EXISTS`, `RUN_NOT_FOUND` or `INVALID_OPTION` when it cannot be resumed, and with what the file system refused or
   * a searcher of one's own threw, which stops the other trials as {@link stop} does.
   */
  readonly result: Promise<StudyResult<P>>;
  /**
   * Begins no more trials, aborts those that run, and has `result` resolve with what there is; it rejects when no trial has reported a
   * number yet. Idempotent.
   */
  stop(): void;
}

/** Why a trial was aborted. */
type Reason = 'stopped' | 'interrupted';

/** One trial under way. */
interface Running<P> {
  readonly trial: Trial<P>;
  readonly controller: AbortController;
  /** Aborted when the trial has had its time to end. */
  readonly expired: AbortController;
  reason: Reason | null;
}

/** Runs the trials of a sweep: slots that take one after the other, each in a run of its own. */
export class SweepStudy<P> implements Study<P> {
  readonly dir: string;
  readonly events$: Observable<TrialEvent<P>>;
  readonly result: Promise<StudyResult<P>>;
  private readonly events = new Subject<TrialEvent<P>>();
  private readonly running = new Set<Running<P>>();
  private readonly plan: SweepPlan;
  private readonly queue: { readonly number: number; readonly attempt: number; readonly params: P }[] = [];
  private next = 0;
  private failures = 0;
  private stopped = false;
  private warned = false;

  constructor(
    private readonly options: ResolvedSweep<P>,
    space: SpaceDescription,
    private readonly drive: Drive<P>,
  ) {
    const { name, baseDir, metric, mode, value, seed, searcherName, schedulerName } = options;
    this.dir = join(baseDir, name);
    this.plan = { space, metric, mode, value, seed, searcher: searcherName, scheduler: schedulerName };
    this.events$ = new TapObservable(
      (error) => {
        if (!this.warned)
          process.emitWarning(`a listener of the sweep in ${this.dir} threw: ${messageOf(error)}`);
        this.warned = true;
      },
      (subscriber) => this.events.subscribe(subscriber),
    );
    // Who made the sweep is to have its events from the first on.
    this.result = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.run());
    this.result.catch(() => undefined);
  }

  stop(): void {
    this.stopped = true;
    for (const running of this.running) abort(running, 'interrupted');
  }

  private async run(): Promise<StudyResult<P>> {
    try {
      makeFolders(fs, this.dir);
      const owner = lock(this.dir);
      try {
        return await this.runLocked(owner);
      } finally {
        releaseLock(fs, this.dir, owner);
      }
    } finally {
      this.events.complete();
    }
  }

  private async runLocked(owner: LockOwner): Promise<StudyResult<P>> {
    const beating = setInterval(() => attempt(() => beatLock(fs, this.dir, owner, 0)), HEARTBEAT_MS).unref();
    const unwatch = this.options.handleSignals ? watchSignals(() => this.stopNow()) : () => undefined;
    const unlimit = after(this.options.timeLimitMs, () => this.stop());
    try {
      return await this.runTrials(await TrialRecords.open(fs, this.dir, this.plan, this.options.resume));
    } finally {
      unlimit();
      unwatch();
      clearInterval(beating);
    }
  }

  private async runTrials(records: TrialRecords): Promise<StudyResult<P>> {
    try {
      this.takeUp(records);
      await this.fillSlots(records);
    } catch (error) {
      records.breakOff();
      throw error;
    } finally {
      records.rest();
    }
    return this.conclude(records);
  }

  /** Waits for all slots; where one throws the others are stopped first, for nobody may log into a sweep that has no lock any more. */
  private async fillSlots(records: TrialRecords): Promise<void> {
    const slots = Array.from({ length: this.options.concurrency }, async () => {
      try {
        await this.slot(records);
      } catch (error) {
        this.stop();
        throw error;
      }
    });
    await Promise.allSettled(slots);
    await Promise.all(slots);
  }

  /** Tells the searcher and the scheduler what was found before, and queues again what was cut off. */
  private takeUp(records: TrialRecords): void {
    for (const record of records.all) {
      this.next = Math.max(this.next, record.trial + 1);
      const params = withSecretsOf(this.plan.space, record.params) as P;
      if (record.status === 'interrupted')
        this.queue.push({ number: record.trial, attempt: record.attempt + 1, params });
      else {
        this.options.searcher.observe(params, record.value);
        if (record.course !== undefined) this.options.scheduler.recall(record.trial, record.course);
      }
      if (record.status === 'failed') this.failures++;
    }
    if (this.failures > this.options.maxFailures) this.stop();
  }

  private async slot(records: TrialRecords): Promise<void> {
    while (!this.stopped) {
      const next = this.queue.shift() ?? this.suggest();
      if (next === null) return;
      await this.try(next, records);
    }
  }

  private suggest(): { number: number; attempt: number; params: P } | null {
    if (this.next >= this.options.trials) return null;
    const suggestion: unknown = this.options.searcher.suggest(this.next);
    if (suggestion === null) return null;
    const params: unknown = typeof suggestion === 'object' ? Reflect.get(suggestion, 'params') : undefined;
    if (typeof params !== 'object' || params === null)
      throw invalidOption('suggestion', 'null, or { params } with the parameters of a trial', suggestion);
    return { number: this.next++, attempt: 0, params: params as P };
  }

  private async try(
    { number, attempt, params }: { number: number; attempt: number; params: P },
    records: TrialRecords,
  ): Promise<void> {
    const { options } = this;
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
    // Before the run is: a trial that nobody knows of would be tried again.
    records.set(begun);
    const engine = new LoggingEngine(
      new ExperimentConfig(options.name, options.baseDir, {
        ...options.run,
        runName: run,
        // A process that was killed may have left the folder behind, with nothing in it.
        resume: 'allow',
        group: options.name,
      }),
    );
    engine.logParams(params as Readonly<Record<string, unknown>>);
    const controller = new AbortController();
    const trial: Trial<P> = { number, attempt, params, run: engine, signal: controller.signal };
    const running: Running<P> = { trial, controller, expired: new AbortController(), reason: null };
    this.running.add(running);
    this.events.next({ kind: 'started', trial });
    const watch = new MetricWatch(options.value, options.mode === 'min' ? 1 : -1);
    engine.metric(options.metric).subscribe({
      next: (point) => {
        const seen = watch.add(point);
        if (this.events.observed)
          this.events.next({ kind: 'reported', number, step: point.step, value: point.value });
        if (seen !== null && running.reason === null && options.scheduler.stops({ trial: number, ...seen }))
          abort(running, 'stopped');
      },
      error: () => undefined,
    });
    const error = await this.driven(running);
    const record = await this.ended(running, begun, watch, error);
    this.running.delete(running);
    records.set(record);
    this.tell(record, engine.runDir);
  }

  /** Waits until the training ends, or `graceMs` after it was aborted; gives what it threw. */
  private async driven({ trial, expired }: Running<P>): Promise<{ readonly thrown: unknown } | null> {
    let callOff = (): void => undefined;
    const onAbort = (): void => {
      callOff = after(this.options.graceMs, () => {
        trial.run.logger.warn('the trial was aborted and did not end; it is not waited for');
        expired.abort();
      });
    };
    trial.signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.drive(trial, expired.signal);
      return null;
    } catch (thrown) {
      return { thrown };
    } finally {
      callOff();
    }
  }

  private async ended(
    { trial, reason }: Running<P>,
    begun: TrialRecord,
    watch: MetricWatch,
    error: { readonly thrown: unknown } | null,
  ): Promise<TrialRecord> {
    const reported = watch.reported;
    const course = this.options.scheduler.courseOf(trial.number);
    const record = {
      ...begun,
      value: reported?.value ?? null,
      step: reported?.step ?? null,
      ...(course.length > 0 && { course }),
    };
    const close = async (
      status: TrialStatus,
      closing: Promise<RunSummary>,
      why?: string,
    ): Promise<TrialRecord> => {
      try {
        const { status: closedAs } = await closing;
        // A run that its trial closed itself stays as it was closed.
        if (status === 'finished' && closedAs !== RunStatus.Finished)
          return { ...record, status: 'failed', error: `the trial closed its run as ${closedAs}` };
        return { ...record, status, ...(why !== undefined && { error: why }) };
      } catch (unwritten) {
        return { ...record, status: 'failed', value: null, step: null, error: messageOf(unwritten) };
      }
    };
    if (reason === 'interrupted') return close('interrupted', trial.run.close(RunStatus.Interrupted));
    // What an abort made it throw is no failure.
    if (error !== null && reason === null) {
      // eslint-disable-next-line rxjs-x/throw-error -- what was thrown is passed on as it is
      trial.run.metrics.error(error.thrown);
      return close('failed', trial.run.closed, messageOf(error.thrown));
    }
    if (reported === null && reason === null) {
      const why = `the metric ${JSON.stringify(this.options.metric)} ${watch.lack}`;
      trial.run.logger.error(why);
      return close('failed', trial.run.close(RunStatus.Failed), why);
    }
    return close(reason ?? 'finished', trial.run.close(RunStatus.Finished));
  }

  private tell(record: TrialRecord, runDir: string): void {
    const result = resultOf<P>(record, runDir);
    const { status } = record;
    if (status === 'running') return;
    if (status !== 'failed') {
      if (status !== 'interrupted') this.options.searcher.observe(result.params, record.value);
      this.events.next({ kind: status, trial: result });
      return;
    }
    const willRetry = record.attempt < this.options.retries && !this.stopped;
    if (willRetry)
      this.queue.push({ number: record.trial, attempt: record.attempt + 1, params: result.params });
    else {
      this.failures++;
      this.options.searcher.observe(result.params, null);
      if (this.failures > this.options.maxFailures) this.stop();
    }
    this.events.next({ kind: 'failed', trial: result, willRetry });
  }

  private conclude(records: TrialRecords): StudyResult<P> {
    const { best } = records;
    const tooMany = this.failures > this.options.maxFailures;
    const unfinished =
      this.queue.length > 0 ||
      records.all.some(({ status }) => status === 'interrupted') ||
      (this.stopped && this.next < this.options.trials);
    const status = this.stopped && unfinished ? 'INTERRUPTED' : 'FINISHED';
    records.status = tooMany || (best === null && status === 'FINISHED') ? 'FAILED' : status;
    records.write();
    const dirOf = ({ run }: TrialRecord): string => join(this.dir, run);
    if (best?.value == null || tooMany) {
      const failed = records.all.find(({ error }) => error !== undefined);
      const example = failed?.error === undefined ? '' : `; one of them: ${failed.error}`;
      const none = `no trial gave a value of ${JSON.stringify(this.options.metric)}`;
      const message = tooMany
        ? `${this.failures} trials failed, more than ${this.options.maxFailures}`
        : `${none}${this.stopped ? ' before the sweep was stopped' : ''}`;
      throw new ExpmanError('SWEEP_FAILED', `${message}${example}`, { path: this.dir, count: this.failures });
    }
    return {
      status,
      best: { ...resultOf<P>(best, dirOf(best)), value: best.value },
      trials: records.all.map((record) => resultOf<P>(record, dirOf(record))),
    };
  }

  /** For a signal, which leaves two seconds: the runs are closed whether their trials end or not. */
  private async stopNow(): Promise<void> {
    this.stop();
    for (const { expired } of this.running) expired.abort();
    await this.result.catch(() => undefined);
  }
}

function abort<P>(running: Running<P>, reason: Reason): void {
  if (running.reason !== null) return;
  running.reason = reason;
  running.controller.abort(new DOMException(`the trial was ${reason}`, 'AbortError'));
}

function lock(folder: string): LockOwner {
  const watch = new OwnerWatch(fs, folder);
  const ownership = watch.look();
  mustNotBeOwned(folder, ownership);
  const epoch = (ownership.kind === 'dead' ? (ownership.owner?.epoch ?? 0) : 0) + 1;
  return takeLock(fs, folder, epoch, { watch });
}

function resultOf<P>(
  { trial, attempt, status, params, value, step, error }: TrialRecord,
  runDir: string,
): TrialResult<P> {
  return {
    number: trial,
    attempt,
    status,
    params: params as P,
    value,
    step,
    runDir,
    ...(error !== undefined && { error }),
  };
}

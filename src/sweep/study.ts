import { join } from 'node:path';
import { type Observable, Subject } from 'rxjs';
import { watchSignals } from '../engine/process/process-signals.js';
import { TapObservable } from '../engine/streams/taps.js';
import { attempt } from '../model/attempt.js';
import { ExpmanError, errorOf, messageOf } from '../model/errors.js';
import { invalidOption } from '../model/option-rules.js';
import type { FsPort } from '../storage/fs-port.js';
import { makeFolders } from '../storage/make-folders.js';
import { nodeFsOf } from '../storage/node-fs.js';
import { patientFs } from '../storage/patient-fs.js';
import type { LockOwner } from '../storage/lock-file.js';
import type { StopRequest } from '../model/stop-request.js';
import { hasStopFile, readStopRequest, removeStopRequest } from '../run/stop-file.js';
import { after } from './after.js';
import { type Executor, TrialControl } from './executor.js';
import { withSecretsOf } from './secret-params.js';
import { plannedGoals } from './objectives.js';
import { observedOf } from './observed-trial.js';
import type { SpaceDescription } from './space/describe-space.js';
import { type StudyResult, concludeSweep, resultOf } from './study-result.js';
import { warnOfCutGrid, warnOfNothingToDo } from './study-warnings.js';
import type { SweepPlan, TrialRecord } from './sweep-file.js';
import { takeSweepLock } from './sweep-lock.js';
import type { ResolvedSweep } from './sweep-options.js';
import type { Trial, TrialEvent } from './trial.js';
import { type QueuedTrial, type StartingTrial, TrialHearing } from './trial-hearing.js';
import { TrialRecords } from './trial-records.js';

const STOP_LOOK_MS = 500;

/** A running sweep; `T` is a trial as its `started` event has it. */
export interface Study<P, T = Trial<P>> {
  /** The experiment's folder: `sweep.yaml`, and a folder for each trial's run. */
  readonly dir: string;
  /** Events from the time of subscription; completes with the sweep, never errors. */
  readonly events$: Observable<TrialEvent<P, T>>;
  /**
   * Resolves when all trials have ended and their runs are closed.
   *
   * Rejects with `SWEEP_FAILED` if no trial gave a value, if none kept the constraints, or if more
   * than `maxFailures` failed, with
   * `RUN_LOCKED` if another process runs this sweep, with `RUN_EXISTS`, `RUN_NOT_FOUND` or
   * `INVALID_OPTION` if it cannot be resumed, and with an error of the file system or of a custom
   * searcher or scheduler, which stops the other trials as {@link stop} does. Who never asks for it
   * is told of the failure by a process warning.
   */
  readonly result: Promise<StudyResult<P>>;
  /**
   * Starts no more trials, aborts the running ones, and makes `result` resolve with the trials so
   * far; it rejects if no trial has reported a number yet. Idempotent.
   */
  stop(): void;
}

/** Runs the trials of a sweep in parallel slots; each slot runs one trial after the other. */
export class SweepStudy<P, T> implements Study<P, T> {
  readonly dir: string;
  readonly events$: Observable<TrialEvent<P, T>>;
  private readonly outcome: Promise<StudyResult<P>>;
  /** True once somebody has asked for the result. */
  private isResultTaken = false;
  private readonly events = new Subject<TrialEvent<P, T>>();
  /** The running trials: each is here from before its `started` event until its run is closed. */
  private readonly running = new Set<TrialControl>();
  private readonly fs: FsPort;
  private readonly plan: SweepPlan;
  /** Trials to be tried again, before any new one. */
  private readonly queue: QueuedTrial<P>[] = [];
  /** The parameters of trials that have begun and not ended, those of the queue included, by number. */
  private readonly begun = new Map<number, P>();
  private nextNumber = 0;
  /** The number of trials that earlier sessions have settled. */
  private reused = 0;
  private ran = 0;
  private failures = 0;
  private readonly stopping = new AbortController();
  private warned = false;
  private remarked = false;

  constructor(
    private readonly options: ResolvedSweep<P>,
    space: SpaceDescription,
    private readonly executor: Executor<P, T>,
  ) {
    const { name, baseDir, metrics, constraints, value, seed, searcherName, schedulerName } = options;
    this.dir = join(baseDir, name);
    this.fs = patientFs(nodeFsOf(options.fileMode));
    this.plan = {
      ...{ space, ...plannedGoals(metrics, constraints), value, seed },
      ...{ searcher: searcherName, scheduler: schedulerName },
      searcherOptions: options.decisiveOptions,
    };
    this.events$ = new TapObservable(
      (error) => {
        if (!this.warned)
          process.emitWarning(`a listener of the sweep in ${this.dir} threw: ${messageOf(error)}`);
        this.warned = true;
      },
      (subscriber) => this.events.subscribe(subscriber),
    );
    // The caller can subscribe before the first event.
    this.outcome = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.run());
    this.outcome.catch((error: unknown) => {
      if (!this.isResultTaken)
        process.emitWarning(`the sweep in ${this.dir} has failed: ${messageOf(error)}`, {
          type: 'ExpmanWarning',
          ...(error instanceof ExpmanError && { code: error.code }),
        });
    });
  }

  get result(): Promise<StudyResult<P>> {
    this.isResultTaken = true;
    return this.outcome;
  }

  stop(): void {
    this.interrupt(null);
  }

  private interrupt(request: StopRequest | null): void {
    this.stopping.abort();
    for (const running of this.running) running.abort('interrupted', request);
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<StudyResult<P>> {
    try {
      makeFolders(this.fs, this.dir);
      const lock = takeSweepLock(this.fs, this.dir);
      let result;
      try {
        result = await this.runLocked(lock.owner).finally(() => this.executor.close());
      } finally {
        lock.release();
      }
      this.events.next({ kind: 'ended', status: result.status, error: null });
      return result;
    } catch (error) {
      this.events.next({
        kind: 'ended',
        status: 'FAILED',
        error: errorOf(error),
      });
      throw error;
    } finally {
      this.events.complete();
    }
  }

  private async runLocked(owner: LockOwner): Promise<StudyResult<P>> {
    const asking = setInterval(() => this.lookForRequest(owner), STOP_LOOK_MS).unref();
    const unwatch = this.options.handleSignals ? watchSignals(() => this.stopNow()) : () => undefined;
    const unlimit = after(this.options.timeLimitMs, () => this.stop());
    // First of all: runs that are open when nothing is left to do would be closed as finished.
    const onDry = (): void => {
      for (const running of this.running) running.giveUp();
    };
    process.prependListener('beforeExit', onDry);
    try {
      const { fs, dir, plan, executor, options } = this;
      const { outlivesStudy } = executor;
      const records = TrialRecords.open(fs, dir, plan, { resume: options.resume, outlivesStudy });
      if (!outlivesStudy) await records.settle(options.webhook);
      records.write();
      const warn = (text: string): void => process.emitWarning(text, { type: 'ExpmanWarning' });
      const running = records.all.filter(({ status }) => status === 'running').map(({ trial }) => trial);
      await executor.open({ dir, uuid: records.uuid, running, signal: this.stopping.signal, warn });
      return await this.runTrials(records);
    } finally {
      process.removeListener('beforeExit', onDry);
      unlimit();
      unwatch();
      clearInterval(asking);
      removeStopRequest(this.fs, this.dir);
    }
  }

  /** Stops if somebody has asked this sweep to, with `expman stop` and its folder. */
  private lookForRequest({ token: uuid, epoch }: LockOwner): void {
    const { fs, dir } = this;
    attempt(() => {
      if (this.stopped || !hasStopFile(fs, dir)) return;
      const request = readStopRequest(fs, dir, { uuid, epoch });
      if (request !== null) this.interrupt(request);
    });
  }

  private async runTrials(records: TrialRecords): Promise<StudyResult<P>> {
    try {
      this.restore(records);
      if (this.options.searcherName === 'grid') warnOfCutGrid(this.options.searcher, this.options.trials);
      await this.fillSlots(records);
    } catch (error) {
      records.breakOff();
      throw error;
    } finally {
      records.rest();
    }
    const { dir, failures, reused } = this;
    if (this.ran === 0 && reused > 0)
      warnOfNothingToDo({ dir, failures, reused, trials: records.all.length });
    return concludeSweep(records, {
      ...{ dir, failures, reused },
      plan: this.plan,
      maxFailures: this.options.maxFailures,
      isStopped: this.stopped,
      isLeft: this.stopped && this.isAnyLeft(),
    });
  }

  /**
   * Waits for all slots; if one throws, the others are stopped first: nothing may be logged in a
   * sweep that has lost its lock.
   */
  private async fillSlots(records: TrialRecords): Promise<void> {
    const slots = Array.from({ length: this.options.concurrency }, async (_, slot) => {
      try {
        await this.fillSlot(slot, records);
      } catch (error) {
        this.stop();
        throw error;
      }
    });
    await Promise.allSettled(slots);
    await Promise.all(slots);
  }

  /**
   * Passes earlier results to the searcher and the scheduler, and queues the trials that are to be
   * tried again: those that were cut off, those that were promised another attempt, and with
   * `retryFailed` all that failed.
   */
  private restore(records: TrialRecords): void {
    const { searcher, scheduler, retryFailed, maxFailures } = this.options;
    for (const record of records.all) {
      this.nextNumber = Math.max(this.nextNumber, record.trial + 1);
      const params = withSecretsOf(this.plan.space, record.params) as P;
      const { trial: number, attempt: last, status } = record;
      // Only of trials that go on without a study; all others are settled by now.
      const isTakenUp = status === 'running';
      const isPromised = isTakenUp || status === 'interrupted' || record.retry === true;
      if (isPromised || (retryFailed && status === 'failed')) {
        const failures = isPromised ? (record.failures ?? 0) : 0;
        this.begun.set(number, params);
        const hasBegun = isTakenUp && this.hasRun(record);
        this.queue.push({
          number,
          attempt: isTakenUp ? last : last + 1,
          failures,
          params,
          isTakenUp,
          hasBegun,
        });
        if (isTakenUp && record.course !== undefined) scheduler.recall?.(number, record.course);
        continue;
      }
      this.reused++;
      searcher.observe(params, ...observedOf(this.plan, record));
      if (record.course !== undefined) scheduler.recall?.(record.trial, record.course);
      if (status === 'failed') this.failures++;
    }
    if (this.failures > maxFailures) this.stop();
  }

  /** True if a trial has a run, here or on another host. */
  private hasRun({ host, run }: TrialRecord): boolean {
    return host !== undefined || this.fs.stat(join(this.dir, run)) !== null;
  }

  private async fillSlot(slot: number, records: TrialRecords): Promise<void> {
    while (!this.stopped) {
      const queued = this.queue.shift() ?? this.suggest();
      if (queued === null) return;
      const next = { ...queued, slot };
      this.ran++;
      const record = this.withRetry(await this.tryOne(next, records));
      records.set(record);
      this.concludeTrial(record);
    }
  }

  /** Runs an attempt at a trial; returns its record. */
  private async tryOne(next: StartingTrial<P>, records: TrialRecords): Promise<TrialRecord> {
    const { options, events } = this;
    const control = new TrialControl();
    const hearing = new TrialHearing<P, T>(next, control, {
      ...{ options, events, outlivesStudy: this.executor.outlivesStudy },
      takenUp: next.isTakenUp ? (records.of(next.number) ?? null) : null,
      onRecord: (changed) => records.set(changed),
      remark: (trial, oddity) => this.remark(trial, oddity),
    });
    this.running.add(control);
    try {
      const outcome = await this.executor.run(next, control, hearing);
      if (hearing.brokenBy !== null) throw hearing.brokenBy.thrown;
      return hearing.recordOf(outcome);
    } finally {
      this.running.delete(control);
    }
  }

  /** Warns of the first trial that the scheduler cannot judge well. */
  private remark(trial: T | null, oddity: string): void {
    if (this.remarked) return;
    this.remarked = true;
    const { plan, options } = this;
    const text = `${JSON.stringify(plan.metric)}, scheduler ${options.schedulerName}: ${oddity}`;
    const run = isHere(trial) ? trial.run : null;
    run?.logger.warn(text);
    process.emitWarning(`${run?.runDir ?? this.dir}, ${text}`, { type: 'ExpmanWarning' });
  }

  /** Counts a failure, and promises another attempt while there are retries left. */
  private withRetry(record: TrialRecord): TrialRecord {
    if (record.status !== 'failed') return record;
    const failures = (record.failures ?? 0) + 1;
    return { ...record, failures, ...(failures <= this.options.retries && { retry: true }) };
  }

  /** True if there is a trial that has not begun. */
  private isAnyLeft(): boolean {
    const { nextNumber, options } = this;
    if (nextNumber >= options.trials) return false;
    return options.searcherName !== 'grid' || options.searcher.suggest(nextNumber) !== null;
  }

  private suggest(): QueuedTrial<P> | null {
    if (this.nextNumber >= this.options.trials) return null;
    const running = [...this.begun.values()];
    const suggestion: unknown = this.options.searcher.suggest(this.nextNumber, { running });
    if (suggestion === null) return null;
    const params: unknown = typeof suggestion === 'object' ? Reflect.get(suggestion, 'params') : undefined;
    if (typeof params !== 'object' || params === null)
      throw invalidOption('suggestion', 'null, or { params } with the parameters of a trial', suggestion);
    this.begun.set(this.nextNumber, params as P);
    return { number: this.nextNumber++, attempt: 0, failures: 0, params: params as P, isTakenUp: false };
  }

  /**
   * Reports the end of a trial to the searcher and to listeners, and queues a failed one again
   * while it has retries left.
   */
  private concludeTrial(record: TrialRecord): void {
    const result = resultOf<P>(this.dir, this.plan, record);
    const { status } = record;
    if (status === 'running') return;
    if (status !== 'failed') {
      if (status !== 'interrupted') this.tellSearcher(record, result.params);
      this.events.next({ kind: status, trial: result });
      return;
    }
    const willRetry = record.retry === true;
    const { trial: number, attempt: last, failures = 0 } = record;
    if (willRetry)
      this.queue.push({ number, attempt: last + 1, failures, params: result.params, isTakenUp: false });
    else {
      this.failures++;
      this.tellSearcher(record, result.params);
      if (this.failures > this.options.maxFailures) this.stop();
    }
    this.events.next({ kind: 'failed', trial: result, willRetry });
  }

  private tellSearcher(record: TrialRecord, params: P): void {
    this.begun.delete(record.trial);
    this.options.searcher.observe(params, ...observedOf(this.plan, record));
  }

  /**
   * Ends the sweep on a signal, which allows two seconds: the runs are closed whether or not their
   * trials end.
   */
  private async stopNow(): Promise<void> {
    this.stop();
    for (const running of this.running) running.expire();
    await this.result.catch(() => undefined);
  }
}

/** Tells if the run of a trial is in this process. */
const isHere = (trial: unknown): trial is Trial<unknown> =>
  typeof trial === 'object' && trial !== null && 'run' in trial;

import { join } from 'node:path';
import { type Observable, Subject } from 'rxjs';
import { watchSignals } from '../engine/process/process-signals.js';
import { TapObservable } from '../engine/streams/taps.js';
import { attempt } from '../model/attempt.js';
import { ExpmanError, messageOf } from '../model/errors.js';
import { invalidOption } from '../model/option-rules.js';
import type { FsPort } from '../storage/fs-port.js';
import { makeFolders } from '../storage/make-folders.js';
import { nodeFsOf } from '../storage/node-fs.js';
import { patientFs } from '../storage/patient-fs.js';
import { HEARTBEAT_MS, type LockOwner, beatLock } from '../storage/lock-file.js';
import type { StopRequest } from '../model/stop-request.js';
import { hasStopFile, readStopRequest, removeStopRequest } from '../run/stop-file.js';
import { OwnerWatch, mustNotBeOwned } from '../storage/owner-watch.js';
import { releaseLock, takeLock } from '../storage/run-lock.js';
import { after } from './after.js';
import {
  type Executor,
  type NextTrial,
  type TrialObserver,
  type TrialOutcome,
  TrialControl,
} from './executor.js';
import { withSecretsOf } from './secret-params.js';
import type { Outcome } from './searchers/searcher.js';
import type { SpaceDescription } from './space/describe-space.js';
import type { SweepPlan, TrialRecord } from './sweep-file.js';
import type { ResolvedSweep } from './sweep-options.js';
import type { Trial, TrialEvent, TrialResult } from './trial.js';
import { TrialRecords } from './trial-records.js';

const STOP_LOOK_MS = 500;

/** The outcome of a sweep. */
export interface StudyResult<P> {
  /** `INTERRUPTED` if it was stopped by a call, a signal or its time limit; it can be resumed. */
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

/** A running sweep; `T` is a trial as its `started` event has it. */
export interface Study<P, T = Trial<P>> {
  /** The experiment's folder: `sweep.yaml`, and a folder for each trial's run. */
  readonly dir: string;
  /** Events from the time of subscription; completes with the sweep, never errors. */
  readonly events$: Observable<TrialEvent<P, T>>;
  /**
   * Resolves when all trials have ended and their runs are closed.
   *
   * Rejects with `SWEEP_FAILED` if no trial gave a value or more than `maxFailures` failed, with
   * `RUN_LOCKED` if another process runs this sweep, with `RUN_EXISTS`, `RUN_NOT_FOUND` or
   * `INVALID_OPTION` if it cannot be resumed, and with an error of the file system or of a custom
   * searcher, which stops the other trials as {@link stop} does.
   */
  readonly result: Promise<StudyResult<P>>;
  /**
   * Starts no more trials, aborts the running ones, and makes `result` resolve with the trials so
   * far; it rejects if no trial has reported a number yet. Idempotent.
   */
  stop(): void;
}

/** A trial without the slot it will take. */
type QueuedTrial<P> = Omit<NextTrial<P>, 'slot'>;

/** Runs the trials of a sweep in parallel slots; each slot runs one trial after the other. */
export class SweepStudy<P, T> implements Study<P, T> {
  readonly dir: string;
  readonly events$: Observable<TrialEvent<P, T>>;
  readonly result: Promise<StudyResult<P>>;
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

  constructor(
    private readonly options: ResolvedSweep<P>,
    space: SpaceDescription,
    private readonly executor: Executor<P, T>,
  ) {
    const { name, baseDir, metric, mode, value, seed, searcherName, schedulerName } = options;
    this.dir = join(baseDir, name);
    this.fs = patientFs(nodeFsOf(options.fileMode));
    this.plan = { space, metric, mode, value, seed, searcher: searcherName, scheduler: schedulerName };
    this.events$ = new TapObservable(
      (error) => {
        if (!this.warned)
          process.emitWarning(`a listener of the sweep in ${this.dir} threw: ${messageOf(error)}`);
        this.warned = true;
      },
      (subscriber) => this.events.subscribe(subscriber),
    );
    // The caller can subscribe before the first event.
    this.result = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.run());
    this.result.catch(() => undefined);
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
      const owner = lock(this.fs, this.dir);
      try {
        return await this.runLocked(owner).finally(() => this.executor.close());
      } finally {
        releaseLock(this.fs, this.dir, owner);
      }
    } finally {
      this.events.complete();
    }
  }

  private async runLocked(owner: LockOwner): Promise<StudyResult<P>> {
    const beating = setInterval(
      () => attempt(() => beatLock(this.fs, this.dir, owner, 0)),
      HEARTBEAT_MS,
    ).unref();
    const asking = setInterval(() => this.lookForRequest(owner), STOP_LOOK_MS).unref();
    const unwatch = this.options.handleSignals ? watchSignals(() => this.stopNow()) : () => undefined;
    const unlimit = after(this.options.timeLimitMs, () => this.stop());
    try {
      const { fs, dir, plan, executor, options } = this;
      const settles = !executor.outlivesStudy;
      const records = await TrialRecords.open(fs, dir, plan, { ...options, settles });
      const warn = (text: string): void => process.emitWarning(text, { type: 'ExpmanWarning' });
      await executor.open({ dir, uuid: records.uuid, signal: this.stopping.signal, warn });
      return await this.runTrials(records);
    } finally {
      unlimit();
      unwatch();
      clearInterval(beating);
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
      await this.fillSlots(records);
    } catch (error) {
      records.breakOff();
      throw error;
    } finally {
      records.rest();
    }
    if (this.ran === 0 && this.reused > 0) this.warnOfNothingToDo(records.all.length);
    return this.concludeSweep(records);
  }

  private warnOfNothingToDo(trials: number): void {
    process.emitWarning(
      `${this.reused} of ${trials} trials taken from sweep.yaml in ${this.dir}, none was run; ` +
        'to begin again, choose another name or delete that folder; to go on, raise trials',
      { type: 'ExpmanWarning' },
    );
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
   * Passes earlier results to the searcher and the scheduler, and queues interrupted trials again.
   */
  private restore(records: TrialRecords): void {
    for (const record of records.all) {
      this.nextNumber = Math.max(this.nextNumber, record.trial + 1);
      const params = withSecretsOf(this.plan.space, record.params) as P;
      const { trial: number, attempt: last, status } = record;
      if (status === 'running' || status === 'interrupted') {
        this.begun.set(number, params);
        const isTakenUp = status === 'running';
        this.queue.push({ number, attempt: isTakenUp ? last : last + 1, params, isTakenUp });
      } else {
        this.reused++;
        this.options.searcher.observe(params, record.value, outcomeOf(record));
        if (record.course !== undefined) this.options.scheduler.recall(record.trial, record.course);
      }
      if (record.status === 'failed') this.failures++;
    }
    if (this.failures > this.options.maxFailures) this.stop();
  }

  private async fillSlot(slot: number, records: TrialRecords): Promise<void> {
    while (!this.stopped) {
      const queued = this.queue.shift() ?? this.suggest();
      if (queued === null) return;
      const next = { ...queued, slot };
      this.ran++;
      const control = new TrialControl();
      this.running.add(control);
      try {
        const outcome = await this.executor.run(next, control, this.observerOf(next, control, records));
        const record = this.recordOf(next, outcome);
        records.set(record);
        this.concludeTrial(record);
      } finally {
        this.running.delete(control);
      }
    }
  }

  /** Records what is said of a running trial, emits it, and lets the scheduler decide. */
  private observerOf(next: NextTrial<P>, control: TrialControl, records: TrialRecords): TrialObserver<T> {
    const { options, events } = this;
    const { number: trial, params } = next;
    return {
      begins: (begun) => records.set({ trial, ...begun, status: 'running', params, value: null, step: null }),
      started: (started) => events.next({ kind: 'started', trial: started }),
      reported: ({ step, value, report }) => {
        if (events.observed) events.next({ kind: 'reported', number: trial, step, value });
        if (report === null || control.abortReason !== null) return;
        if (options.scheduler.stops({ trial, ...report })) control.abort('stopped');
      },
    };
  }

  private recordOf({ number, params }: NextTrial<P>, outcome: TrialOutcome): TrialRecord {
    const course = this.options.scheduler.courseOf(number);
    const { attempt, run, status, value, step, error, place } = outcome;
    return {
      ...{ trial: number, attempt, status, run, params, value, step, ...place },
      ...(error !== undefined && { error }),
      ...(course.length > 0 && { course }),
    };
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
    return { number: this.nextNumber++, attempt: 0, params: params as P, isTakenUp: false };
  }

  /**
   * Reports the end of a trial to the searcher and to listeners, and queues a failed one again
   * while it has retries left.
   */
  private concludeTrial(record: TrialRecord): void {
    const result = this.resultOf(record);
    const { status } = record;
    if (status === 'running') return;
    if (status !== 'failed') {
      if (status !== 'interrupted') this.tellSearcher(record, result.params);
      this.events.next({ kind: status, trial: result });
      return;
    }
    const willRetry = record.attempt < this.options.retries && !this.stopped;
    if (willRetry)
      this.queue.push({
        ...{ number: record.trial, attempt: record.attempt + 1, params: result.params },
        isTakenUp: false,
      });
    else {
      this.failures++;
      this.tellSearcher({ ...record, value: null }, result.params);
      if (this.failures > this.options.maxFailures) this.stop();
    }
    this.events.next({ kind: 'failed', trial: result, willRetry });
  }

  private tellSearcher(record: TrialRecord, params: P): void {
    this.begun.delete(record.trial);
    this.options.searcher.observe(params, record.value, outcomeOf(record));
  }

  private concludeSweep(records: TrialRecords): StudyResult<P> {
    const { best } = records;
    const tooMany = this.failures > this.options.maxFailures;
    const unfinished =
      this.queue.length > 0 ||
      records.all.some(({ status }) => status === 'interrupted') ||
      (this.stopped && this.nextNumber < this.options.trials);
    const status = this.stopped && unfinished ? 'INTERRUPTED' : 'FINISHED';
    records.status = tooMany || (best === null && status === 'FINISHED') ? 'FAILED' : status;
    records.write();
    if (best?.value == null || tooMany) {
      const failed = records.all.find(({ error }) => error !== undefined);
      const example = failed?.error === undefined ? '' : `; one of them: ${failed.error}`;
      const none = `no trial reported a value of ${JSON.stringify(this.options.metric)}`;
      const message = tooMany
        ? `${this.failures} trials failed, more than ${this.options.maxFailures}`
        : `${none}${this.stopped ? ' before the sweep was stopped' : ''}`;
      throw new ExpmanError('SWEEP_FAILED', `${message}${example}`, { path: this.dir, count: this.failures });
    }
    return {
      status,
      best: { ...this.resultOf(best), value: best.value },
      trials: records.all.map((record) => this.resultOf(record)),
      reused: this.reused,
    };
  }

  private resultOf(record: TrialRecord): TrialResult<P> {
    const { trial, attempt, status, run, params, value, step, host, slot, runDir, error } = record;
    return {
      ...{ number: trial, attempt, status, params: params as P, value, step },
      runDir: runDir ?? join(this.dir, run),
      ...(host !== undefined && { host }),
      ...(slot !== undefined && { slot }),
      ...(error !== undefined && { error }),
    };
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

/** Returns what a searcher is told of a trial beside its value. */
const outcomeOf = ({ trial, status }: TrialRecord): Outcome => ({
  trial,
  stopped: status === 'stopped',
  violation: 0,
});

function lock(fs: FsPort, folder: string): LockOwner {
  const watch = new OwnerWatch(fs, folder);
  const ownership = watch.look();
  mustNotBeOwned(folder, ownership);
  const epoch = (ownership.kind === 'dead' ? (ownership.owner?.epoch ?? 0) : 0) + 1;
  return takeLock(fs, folder, epoch, { watch });
}

import type { Subject } from 'rxjs';
import { invalidOption } from '../model/option-rules.js';
import type {
  BegunAttempt,
  LoggedValue,
  NextTrial,
  TrialControl,
  TrialObserver,
  TrialOutcome,
} from './executor.js';
import { type TrialCourse, noScheduler } from './schedulers/scheduler.js';
import { type TrialRecord, isPair } from './sweep-file.js';
import type { ResolvedSweep } from './sweep-options.js';
import type { TrialEvent } from './trial.js';

/** @bound refuses: INVALID_OPTION */
const MAX_COURSE = 1000;
/** How often at most the course of a running trial is written. */
const COURSE_MS = 5000;

/** A trial that waits for its turn: a new one, or another attempt. */
export interface QueuedTrial<P> extends Omit<NextTrial<P>, 'slot'> {
  /** The number of attempts that failed before; those whose worker was lost do not count. */
  readonly failures: number;
}

/** A trial that takes its turn, in a slot. */
export type StartingTrial<P> = QueuedTrial<P> & NextTrial<P>;

/** The sweep of a trial, as far as hearing of the trial needs it. */
export interface HearingHost<P, T> {
  readonly options: ResolvedSweep<P>;
  readonly events: Subject<TrialEvent<P, T>>;
  /** The record of a trial that an earlier session has begun and this one takes up; else null. */
  readonly takenUp: TrialRecord | null;
  /** True if another session may take the trial up where this one has left it. */
  readonly outlivesStudy: boolean;
  /** Called with each change of the trial's record until it has ended. */
  readonly onRecord: (record: TrialRecord) => void;
  /** Called with what keeps the scheduler from judging a trial well. */
  readonly remark: (trial: T | null, oddity: string) => void;
}

/** Records what is said of a running trial, emits it, and lets the scheduler decide. */
export class TrialHearing<P, T> implements TrialObserver<T> {
  /** The exception of the scheduler, which ends the sweep. */
  brokenBy: { readonly thrown: unknown } | null = null;
  private trial: T | null = null;
  /** The record of the attempt that has begun; null before that. */
  private record: TrialRecord | null;
  private courseWrittenAt = -Infinity;

  constructor(
    private readonly next: StartingTrial<P>,
    private readonly control: TrialControl,
    private readonly host: HearingHost<P, T>,
  ) {
    this.record = host.takenUp;
  }

  begins({ place, ...begun }: BegunAttempt): void {
    const { number: trial, params, failures } = this.next;
    const counts = failures > 0 && { failures };
    this.record = {
      ...{ trial, ...begun, status: 'running', params, value: null, step: null },
      ...place,
      ...counts,
    };
    this.host.onRecord(this.record);
    // An earlier attempt at the same trial says nothing about this one.
    if (begun.attempt > 0) this.host.options.scheduler.recall?.(trial, []);
  }

  started(trial: T): void {
    this.trial = trial;
    this.host.events.next({ kind: 'started', trial });
  }

  reported(logged: LoggedValue): void {
    const { control, host, next } = this;
    const { of = 0, step, value } = logged;
    const goal = host.options.metrics[of];
    if (goal === undefined) return;
    if (host.events.observed)
      host.events.next({ kind: 'reported', number: next.number, metric: goal.name, step, value });
    // With several metrics there is no scheduler: it would compare trials by one of them.
    if (of > 0 || host.options.scheduler === noScheduler || control.abortReason !== null) return;
    try {
      if (this.judge(logged)) control.abort('stopped');
      else this.keepCourse();
    } catch (thrown) {
      this.brokenBy = { thrown };
      control.abort('interrupted');
    }
  }

  ending(outcome: TrialOutcome): void {
    const { status } = outcome;
    if (status === 'finished' || status === 'stopped')
      this.host.onRecord({ ...this.recordOf(outcome), status: 'running', ending: status });
  }

  /** Returns the record of the trial as it ended. */
  recordOf({ attempt, run, status, error, place, ...reported }: TrialOutcome): TrialRecord {
    const { number: trial, params, failures } = this.next;
    // What was reported before a trial was cut off does not count.
    const course = status === 'interrupted' ? [] : this.course();
    const { value, step, values, constraintValues } = reported;
    return {
      ...{ trial, attempt, status, run, params, value, step, ...place },
      ...(values !== undefined && { values }),
      ...(constraintValues !== undefined && { constraintValues }),
      ...(error !== undefined && { error }),
      ...(failures > 0 && { failures }),
      ...(course.length > 0 && { course }),
    };
  }

  /** Asks the scheduler about a value, and passes on what keeps it from judging. */
  private judge({ report, isFirst, oddity }: LoggedValue): boolean {
    const { scheduler } = this.host.options;
    const whole = { trial: this.next.number, ...report };
    const remark = oddity ?? (isFirst ? (scheduler.remark?.(whole) ?? null) : null);
    if (remark !== null) this.host.remark(this.trial, remark);
    const stops: unknown = scheduler.stops(whole);
    if (typeof stops === 'boolean') return stops;
    throw invalidOption('scheduler.stops', 'a function that returns true or false', stops);
  }

  /** Writes now and then what the scheduler knows of the trial, for a session that takes it up. */
  private keepCourse(): void {
    const { record, host } = this;
    if (!host.outlivesStudy || record === null) return;
    const now = performance.now();
    if (now < this.courseWrittenAt + COURSE_MS) return;
    const course = this.course();
    if (course.length === 0 || isSame(course, record.course)) return;
    this.courseWrittenAt = now;
    this.record = { ...record, course };
    host.onRecord(this.record);
  }

  /** Returns the scheduler's record of the trial, as `sweep.yaml` can hold it. */
  private course(): TrialCourse {
    const course: unknown = this.host.options.scheduler.courseOf?.(this.next.number) ?? [];
    if (Array.isArray(course) && course.length <= MAX_COURSE && course.every(isPair))
      return course as TrialCourse;
    const rule = `a function that returns at most ${MAX_COURSE} pairs of numbers`;
    throw invalidOption('scheduler.courseOf', rule, course);
  }
}

const isSame = (one: TrialCourse, other: TrialCourse = []): boolean =>
  one.length === other.length && one.every((pair, at) => pair.every((part, of) => part === other[at]?.[of]));

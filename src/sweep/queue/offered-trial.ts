import { printable } from '../../model/printable.js';
import { after } from '../after.js';
import type { AbortReason, NextTrial, TrialControl, TrialObserver, TrialOutcome } from '../executor.js';
import { trialRunName } from '../trial-run-name.js';
import { TrialWatch } from '../trial-watch.js';
import type { PlacedTrial, TrialPlace } from '../trial.js';
import type { ResolvedSweep } from '../sweep-options.js';
import { type WorkerReport, readResult } from './queue-messages.js';

/** How much longer than `graceMs` a worker may take to say how an aborted trial ended. */
const TRAVEL_MS = 10_000;
const STALLED = /stalled more than allowable/;

/** The options of a sweep that its trials need in a queue. */
export type QueueRules = Pick<
  ResolvedSweep<unknown>,
  'name' | 'metrics' | 'constraints' | 'value' | 'graceMs'
>;

/** What a trial works with. */
interface OfferHost<P> {
  readonly rules: QueueRules;
  readonly control: TrialControl;
  readonly observer: TrialObserver<PlacedTrial<P>>;
  readonly warn: (text: string) => void;
}

/** A trial in the queue, as the study sees it: reports come in, and one result counts. */
export class OfferedTrial<P> {
  readonly outcome: Promise<TrialOutcome>;
  private resolve: (outcome: TrialOutcome) => void = () => undefined;
  private reject: (error: unknown) => void = () => undefined;
  private attempt: number;
  private place: TrialPlace | undefined;
  private watch: TrialWatch;
  private isSettling = false;
  private hasWarned = false;
  private callOff = (): void => undefined;

  constructor(
    private readonly next: NextTrial<P>,
    private readonly host: OfferHost<P>,
  ) {
    this.attempt = next.attempt;
    this.watch = this.freshWatch();
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // It may be broken before anybody waits.
    this.outcome.catch(() => undefined);
  }

  get number(): number {
    return this.next.number;
  }

  /** Records that it is about to be offered. */
  begin(): void {
    this.host.observer.begins(this.begun);
  }

  /** Waits for a step of the offer, unless the trial ends before that. */
  async unlessAborted(step: Promise<unknown>): Promise<void> {
    this.listen();
    await Promise.race([step, this.outcome]);
  }

  /** Calls back with the reason when the trial is aborted; it ends some time later whatever happens. */
  onAbort(send: (reason: AbortReason) => Promise<'removed' | 'sent'>): void {
    this.listen();
    const { signal } = this.host.control;
    const abort = (): void => {
      const reason = this.host.control.abortReason ?? 'interrupted';
      void send(reason).then(
        (way) => {
          if (way === 'removed') this.end(this.abortedOutcome());
        },
        () => undefined,
      );
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  received(report: WorkerReport): void {
    try {
      this.hear(report);
    } catch (thrown) {
      this.break(thrown);
    }
  }

  private hear(report: WorkerReport): void {
    if (report.attempt < this.attempt) {
      this.drop(report.attempt);
      return;
    }
    if (report.kind === 'begun') this.beginAttempt(report);
    else if (report.attempt === this.attempt)
      for (const point of report.points) {
        const logged = this.watch.addPoint(point);
        if (logged !== null) this.host.observer.reported(logged);
      }
  }

  /** Ends it with what a look at its job returns, if that is not null; one look at a time. */
  settleBy(look: () => Promise<TrialOutcome | null>): void {
    if (this.isSettling) return;
    this.isSettling = true;
    look()
      .then((outcome) => {
        if (outcome !== null) this.end(outcome);
      })
      // An outage; the next look may tell.
      .catch(() => undefined)
      .finally(() => {
        this.isSettling = false;
      });
  }

  /** Returns the outcome that a job has as its result. */
  completed(result: unknown): TrialOutcome {
    const read = readResult(result, this.number, this.next.attempt);
    if (read !== null && !this.isComplete(read.outcome))
      return this.failure(
        'its worker did not say the values of all metrics and constraints; its version of expman-rx is older than that of the sweep',
      );
    if (read !== null && read.outcome.attempt >= this.attempt)
      return this.isUnbegun(read.outcome) ? this.abortedOutcome() : read.outcome;
    return this.failure(
      read === null
        ? 'the worker gave a result that is not valid'
        : `the result is that of attempt ${read.outcome.attempt}, but attempt ${this.attempt} has taken its place`,
    );
  }

  /** Returns the outcome of a job that no worker could end. */
  failed(reason: string): TrialOutcome {
    return this.failure(
      STALLED.test(reason) ? 'its worker was lost for the third time' : reason || 'the worker gave no reason',
    );
  }

  /** Ends it with an error of the sweep. */
  break(error: unknown): void {
    this.callOff();
    this.reject(error);
  }

  private get begun(): Pick<TrialOutcome, 'attempt' | 'run' | 'place'> {
    const { number, attempt, place } = this;
    return { attempt, run: trialRunName(number, attempt), ...(place !== undefined && { place }) };
  }

  private beginAttempt({ attempt, place }: WorkerReport & { readonly kind: 'begun' }): void {
    const { observer, warn, control } = this.host;
    if (attempt > this.attempt) {
      this.watch = this.freshWatch();
      const where = this.place === undefined ? '' : ` on ${printable(this.place.host)}`;
      warn(
        `trial ${this.number}: the worker${where} was lost; attempt ${attempt} has begun on ${printable(place.host)}`,
      );
    }
    this.attempt = attempt;
    this.place = place;
    observer.begins(this.begun);
    const { number, params } = this.next;
    if (control.abortReason === null)
      observer.started({ number, attempt, params, host: place.host, slot: place.slot });
  }

  private drop(attempt: number): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.host.warn(
      `trial ${this.number}: a worker still reports for attempt ${attempt}; its values are dropped, because attempt ${this.attempt} has taken its place`,
    );
  }

  /** Ends the waiting some time after an abort, or at once when its time has passed. */
  private listen(): void {
    const { control, rules, warn } = this.host;
    this.callOff();
    const giveUp = (): void => {
      warn(`trial ${this.number} was ${control.abortReason}, but its worker has not said how it ended`);
      this.end(this.abortedOutcome());
    };
    let cancel = (): void => undefined;
    const wait = (): void => {
      cancel();
      cancel = after(rules.graceMs + TRAVEL_MS, giveUp);
    };
    const { signal, expired } = control;
    const expire = (): void => this.end(this.abortedOutcome());
    signal.addEventListener('abort', wait, { once: true });
    expired.addEventListener('abort', expire, { once: true });
    if (signal.aborted) wait();
    if (expired.aborted) expire();
    this.callOff = () => {
      cancel();
      signal.removeEventListener('abort', wait);
      expired.removeEventListener('abort', expire);
    };
  }

  private end(outcome: TrialOutcome): void {
    this.callOff();
    this.resolve(outcome);
  }

  private abortedOutcome(): TrialOutcome {
    const status = this.host.control.abortReason ?? 'interrupted';
    return { ...this.begun, status, ...this.watch.reported };
  }

  private failure(error: string): TrialOutcome {
    return { ...this.begun, status: 'failed', value: null, step: null, error };
  }

  /**
   * True if an aborted trial ended without a value, such as one that its next worker did not begin any
   * more: what was heard of the attempt before counts.
   */
  private isUnbegun({ status, value }: TrialOutcome): boolean {
    return status === this.host.control.abortReason && value === null;
  }

  /** True unless a finished trial lacks values that the sweep has asked for. */
  private isComplete({ status, values, constraintValues }: TrialOutcome): boolean {
    if (status !== 'finished') return true;
    const { metrics, constraints } = this.host.rules;
    return (values?.length ?? 1) === metrics.length && (constraintValues?.length ?? 0) === constraints.length;
  }

  private freshWatch(): TrialWatch {
    return new TrialWatch(this.host.rules);
  }
}

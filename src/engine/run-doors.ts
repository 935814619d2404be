import { inspect } from 'node:util';
import type { Observable, Subject } from 'rxjs';
import { RecordKind } from '../channel/chunk-layout.js';
import type { HistogramInput, HistogramOptions } from '../model/histogram.js';
import type { LiveSnapshot } from '../model/live.js';
import type {
  AnyMetrics,
  MetricPoint,
  MetricRow,
  MetricsOf,
  RowObserver,
  ValuesFor,
} from '../model/metric.js';
import type { RunName } from '../model/names.js';
import { printable } from '../model/printable.js';
import { warnOfLateCall } from './process/process-warnings.js';
import { histogramRow } from './rows/histogram-row.js';
import type { RowIntake } from './rows/row-intake.js';
import { type Logger, createRunLogger } from './run-logger.js';
import { DEFAULT_LIVE_MS, liveSnapshots } from './streams/live-snapshots.js';
import { metricPoints } from './streams/metric-points.js';
import type { MetricSubject } from './streams/metric-subject.js';
import { type TapErrors, TapObservable } from './streams/taps.js';

/** The parts of a run that its doors lead to. */
export interface DoorParts {
  readonly runDir: string;
  readonly runName: RunName;
  readonly intake: RowIntake;
  readonly mailbox: MetricSubject;
  /** Reports what a tap threw. */
  readonly tapFailed: TapErrors;
  /** More of what `console.log(run)` shows. */
  readonly facts: () => Readonly<Record<string, string>>;
}

/**
 * The doors that a run has in every thread: in the one that opened it, and in that of a sweep's trial.
 *
 * A call after the run's end does nothing, and the process is warned of the first.
 *
 * @typeParam M - the metrics of the run, where one wants the compiler to know their names and types
 */
export abstract class RunDoors<M extends MetricsOf<M> = AnyMetrics> {
  /** The run's folder, absolute. */
  readonly runDir: string;
  /** The run's name in its experiment. */
  readonly runName: RunName;
  /**
   * The mailbox: subscribe any `Observable<MetricRow>` to it, or send rows with `next`, or tap what is logged.
   *
   * `complete` closes the run. `error` writes what was logged and fails the run with that error. Taps get each row
   * after the run took it, as it is in the file: without what was refused, and in an object of its own. They complete with the
   * run; `observed` is false while nobody taps. A row that a tap logs, and an end that it causes, follow after the row it got.
   *
   * What is piped from a tap is isolated as the tap is. What RxJS makes of several is not: `merge(a$, b$)` and its
   * like throw an error that nobody takes, as of a run that fails, out of a timer, so give those an `error` handler, or
   * write `a$.pipe(mergeWith(b$))`.
   */
  readonly metrics: Subject<MetricRow> & RowObserver;
  readonly #intake: RowIntake;
  readonly #tapFailed: TapErrors;
  readonly #facts: DoorParts['facts'];
  #logger: Logger | undefined;

  protected constructor({ runDir, runName, intake, mailbox, tapFailed, facts }: DoorParts) {
    this.runDir = runDir;
    this.runName = runName;
    this.metrics = mailbox;
    this.#intake = intake;
    this.#tapFailed = tapFailed;
    this.#facts = facts;
  }

  /**
   * Logs one row; returns as soon as it is in shared memory.
   *
   * A value that is not a {@link MetricValue} is left out, counted and reported in run.log, and the process is warned of the first
   * one (code `INVALID_VALUE`); the rest of the row is kept, and is what taps see. A getter is read once. The call joins the
   * latest row of its step if that is among the last 1,024 of this session and holds none of its metrics; no value is
   * ever replaced. After close the call does nothing.
   *
   * @param values - one value for each metric
   * @param step - an integer, beyond 2^53 as a bigint; may be absent, repeat or go back
   * @throws {@link ExpmanError} `INVALID_VALUE` with `onInvalid: 'throw'`, `BACKPRESSURE` with `backpressure: 'throw'`
   */
  logMetrics<V extends MetricsOf<V>>(values: V & ValuesFor<V, M>, step?: number | bigint | null): void {
    const intake = this.#intake;
    if (intake.isOpen) intake.row(values, step);
    else warnOfLateCall(this.runDir);
  }

  /**
   * Logs the distribution of some numbers as one value of a metric: the text that {@link histogram} makes.
   *
   * Goes the way of a row. Costs two readings of the values, some milliseconds for a million of them.
   *
   * @param values - an array or typed array of numbers, or counts that are ready: `{ edges, counts }`, `{ limits, counts }`
   * @throws {@link ExpmanError} `INVALID_VALUE` or `INVALID_OPTION`, only with `onInvalid: 'throw'`
   */
  logHistogram(
    name: string,
    values: HistogramInput,
    step?: number | bigint | null,
    options?: HistogramOptions,
  ): void {
    if (this.#intake.isOpen) {
      const row = histogramRow(this.#intake, name, values, options);
      if (row !== null) (this as RunDoors).logMetrics(row, step);
    } else warnOfLateCall(this.runDir);
  }

  /**
   * Merges parameters into the run's config.yaml: nested objects key by key, otherwise the last write wins.
   *
   * What no YAML can hold is left out and reported in run.log; texts under secret names, and passwords in URLs, are redacted.
   */
  logParams(params: object): void {
    if (this.#intake.isOpen) this.#intake.params(params);
    else warnOfLateCall(this.runDir);
  }

  /** A winston logger whose lines go to run.log, in order with everything else; add transports to send them elsewhere too. */
  get logger(): Logger {
    return (this.#logger ??= createRunLogger((_level, line) => {
      if (this.#intake.isOpen) this.#intake.text(RecordKind.log, line);
      else warnOfLateCall(this.runDir);
    }));
  }

  /**
   * Samples the run for a progress bar: one snapshot every `periodMs` milliseconds in which rows came, and a last one.
   *
   * Works in a loop that never yields, does not keep the process alive, and completes with the run.
   */
  live(periodMs = DEFAULT_LIVE_MS): Observable<LiveSnapshot> {
    const snapshots$ = liveSnapshots(this.metrics, periodMs);
    return new TapObservable(this.#tapFailed, (subscriber) => snapshots$.subscribe(subscriber));
  }

  /**
   * The numbers of one metric as they are logged, from the subscription on; completes with the run.
   *
   * A boolean is 1 or 0; text is left out. Costs each row a look for the name, on the thread that logs.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`
   * @example
   * run.metric('loss').subscribe(({ step, value }) => console.log(step, value));
   */
  metric(name: keyof M & string): Observable<MetricPoint> {
    return metricPoints(this.metrics, name);
  }

  /** `console.log(run)` prints one line: which run it is, where it stands and how many rows it has taken. */
  [inspect.custom](): string {
    const { rows } = this.#intake.channel;
    const facts = { run: this.runName, ...this.#facts(), rows, dir: printable(this.runDir) };
    const shown = Object.entries(facts).map(([fact, value]) => `${fact}: ${value}`);
    return `${this.constructor.name} { ${shown.join(', ')} }`;
  }
}

import { inspect } from 'node:util';
import type { Observable, Subject } from 'rxjs';
import { RecordKind } from '../channel/chunk-layout.js';
import type { AlertOptions } from '../model/alerts.js';
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
import { type Recorder, checkedNames } from '../model/recorder.js';
import type { SummaryOptions } from '../model/summary-values.js';
import type { MetricDefinition } from '../pure/metric-definition.js';
import type { Mapping } from '../run/run-record.js';
import { warnOfLateCall } from './process/process-warnings.js';
import { AlertIntake, type AlertPlace } from './rows/alert-intake.js';
import { histogramRow } from './rows/histogram-row.js';
import type { AnyRecorder } from './rows/recorder.js';
import type { RowIntake } from './rows/row-intake.js';
import { SummaryIntake } from './rows/summary-intake.js';
import { type Logger, createRunLogger } from './run-logger.js';
import { DEFAULT_LIVE_MS, liveSnapshots } from './streams/live-snapshots.js';
import { metricPoints } from './streams/metric-points.js';
import type { MetricSubject } from './streams/metric-subject.js';
import { type TapErrors, TapObservable } from './streams/taps.js';

/** The parts of a run behind its public methods. */
export interface DoorParts {
  readonly runDir: string;
  readonly runName: RunName;
  readonly intake: RowIntake;
  readonly mailbox: MetricSubject;
  /** Reports the error of a tap. */
  readonly tapFailed: TapErrors;
  /** Further facts for `console.log(run)`. */
  readonly facts: () => Readonly<Record<string, string>>;
  /** The run.yaml of a resumed run, as it was. */
  readonly fileBefore?: Mapping;
  /** Absent in a trial's thread, which forwards alerts. */
  readonly alertPlace?: AlertPlace;
  /** Called after each call that logs a row. */
  readonly afterRow?: () => void;
}

/**
 * The public methods that a run has in every thread: in the one that opened it, and in that of a
 * sweep's trial.
 *
 * A call after the run's end does nothing, except that the process is warned of the first.
 *
 * @typeParam M - the metrics of the run, for names and types that the compiler checks
 */
export abstract class RunDoors<M extends MetricsOf<M> = AnyMetrics> {
  /** The run's folder, absolute. */
  readonly runDir: string;
  /** The run's name in its experiment. */
  readonly runName: RunName;
  /**
   * The mailbox: subscribe it to any `Observable<MetricRow>`, or send rows with `next`, or tap the
   * logged rows.
   *
   * `complete` closes the run. `error` writes the logged data and fails the run with that error.
   * Taps get each row after the run accepted it, as it is in the file: without refused parts, and
   * in a new object. They complete with the run; `observed` is false while there are no taps. A row
   * that a tap logs, or an end that it causes, follows after the row it received.
   *
   * A stream piped from a tap is isolated like the tap, also by `a$.pipe(mergeWith(b$))`. A
   * combination of several by RxJS is not: `merge(a$, b$)`, `combineLatest` and `zip` throw an
   * unhandled error, such as that of a failing run, from a timer unless they have an `error` handler,
   * and what their observer throws ends the process whatever handlers it has.
   */
  readonly metrics: Subject<MetricRow> & RowObserver;
  readonly #intake: RowIntake;
  readonly #tapFailed: TapErrors;
  readonly #facts: DoorParts['facts'];
  readonly #fileBefore: Mapping | undefined;
  readonly #alertPlace: AlertPlace | null;
  readonly #afterRow: (() => void) | undefined;
  #summary: SummaryIntake | undefined;
  #alert: AlertIntake | undefined;
  #logger: Logger | undefined;

  protected constructor({ runDir, runName, intake, mailbox, tapFailed, facts, ...parts }: DoorParts) {
    this.runDir = runDir;
    this.runName = runName;
    this.metrics = mailbox;
    this.#intake = intake;
    this.#tapFailed = tapFailed;
    this.#facts = facts;
    this.#fileBefore = parts.fileBefore;
    this.#alertPlace = parts.alertPlace ?? null;
    this.#afterRow = parts.afterRow;
  }

  /**
   * Logs one row; returns as soon as it is in shared memory.
   *
   * A value that is not a {@link MetricValue} is left out, counted and reported in run.log, and the
   * process is warned of the first one (code `INVALID_VALUE`); the rest of the row is kept and
   * passed to taps. A getter is read once. The call joins the latest row of its step if that is
   * among the last 1,024 of this session and holds none of its metrics; no value is ever replaced.
   * After close the call does nothing.
   *
   * @param values - one value for each metric
   * @param step - an integer, beyond 2^53 as a bigint; may be absent, repeat or go back
   * @throws {@link ExpmanError} `INVALID_VALUE` with `onInvalid: 'throw'`, `BACKPRESSURE` with
   * `backpressure: 'throw'`
   */
  logMetrics<V extends MetricsOf<V>>(values: V & ValuesFor<V, M>, step?: number | bigint | null): void {
    const intake = this.#intake;
    if (intake.isOpen) intake.row(values, step);
    else warnOfLateCall(this.runDir);
    this.#afterRow?.();
  }

  /**
   * Names metrics once, and returns a function that logs rows of them: `(step, ...values)`, or
   * `(step, values)` with a `Float64Array`. A call takes two thirds of the time of
   * {@link logMetrics} for two numbers, and a quarter for a hundred in an array; its rows and rules
   * are the same. A run may have any number of recorders, and what they log follows the order of the
   * calls.
   *
   * @param names - the names of the metrics, in the order of their values
   * @throws {@link ExpmanError} `INVALID_OPTION` for no name, an empty one, or one twice
   * @example
   * const record = run.recorder('loss', 'accuracy');
   * for (let step = 0; step < 1000; step++) record(step, 1 / (step + 1), step / 1000);
   */
  recorder<const N extends readonly (keyof M & string)[]>(...names: N): Recorder<N, M>;
  recorder(...names: readonly string[]): AnyRecorder {
    return this.#intake.recorder(checkedNames(names), {
      late: () => warnOfLateCall(this.runDir),
      after: this.#afterRow,
    });
  }

  /**
   * Logs the distribution of numbers as one value of a metric: the text that {@link histogram}
   * makes.
   *
   * The value is logged like a row. Reads the values twice, which takes some milliseconds for a
   * million of them.
   *
   * @param values - an array or typed array of numbers, or ready counts: `{ edges, counts }`,
   * `{ limits, counts }`
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
   * Merges parameters into the run's config.yaml: nested objects key by key, otherwise the last
   * write wins.
   *
   * Values that YAML cannot hold are left out and reported in run.log; texts under secret names,
   * and passwords in URLs, are redacted.
   */
  logParams(params: object): void {
    if (this.#intake.isOpen) this.#intake.params(params);
    else warnOfLateCall(this.runDir);
  }

  /**
   * Sets values of the run as a whole, which belong to no step: the pass rate of an evaluation, the
   * best loss. A name that is set again takes its new value.
   *
   * They are in run.yaml, in lists, comparisons and SQL, and in filters as `summary.pass_rate`. A
   * value that is not a {@link MetricValue} is left out, counted and reported in run.log.
   *
   * @param options - `headline: true` shows these values first
   * @throws {@link ExpmanError} `INVALID_OPTION`; `INVALID_VALUE` with `onInvalid: 'throw'`
   * @example
   * run.summary({ pass_rate: 0.88, cases: 200 }, { headline: true });
   */
  summary<V extends MetricsOf<V>>(values: V, options?: SummaryOptions): void {
    if (this.#intake.isOpen) this.#summaries.values(values, options);
    else warnOfLateCall(this.runDir);
  }

  /**
   * Defines how metrics are ranked and drawn: the direction in which they get better, the metric
   * that is their x axis, and the statistic that stands for them in lists, filters and orders.
   *
   * Applies to the rows before it, too. A pattern covers all names that match it; the name itself
   * counts before patterns, and a longer pattern before a shorter one.
   *
   * @param pattern - a metric's name, or a pattern in which `*` stands for any characters and `?`
   * for one
   * @throws {@link ExpmanError} `INVALID_OPTION`; `INVALID_VALUE` with `onInvalid: 'throw'` if
   * run.yaml has no room for it
   * @example
   * run.defineMetric('val/*', { goal: 'min', x: 'epoch', summary: 'best' });
   */
  defineMetric(pattern: string, definition: MetricDefinition): void {
    if (this.#intake.isOpen) this.#summaries.define(pattern, definition);
    else warnOfLateCall(this.runDir);
  }

  /**
   * Raises an alert: it is kept with the run, shown wherever runs are, and sent to the webhook of
   * `alerts.webhook` or of the environment variable `EXPMAN_WEBHOOK`, if there is one.
   *
   * Returns as soon as it is in shared memory; it is sent beside the caller's work, also while a loop
   * never yields, and what a kill leaves unsent is sent by the next owner of the run. The same title
   * and level within a minute are counted, as `repeats`, instead of being kept and sent again.
   *
   * @param title - up to 200 characters; secrets in it are redacted
   * @throws {@link ExpmanError} `INVALID_OPTION`; `INVALID_VALUE` with `onInvalid: 'throw'` for a
   * title that is not a text
   * @example
   * run.alert('loss is NaN', { text: `at step ${step}`, level: 'error' });
   */
  alert(title: string, options?: AlertOptions): void {
    if (this.#intake.isOpen) this.#alerts.add(title, options);
    else warnOfLateCall(this.runDir);
  }

  get #alerts(): AlertIntake {
    return (this.#alert ??= new AlertIntake(this.#intake, this.#alertPlace, this.#fileBefore));
  }

  /** Made for the first call: most runs have no summary. */
  get #summaries(): SummaryIntake {
    return (this.#summary ??= new SummaryIntake(this.#intake, this.#fileBefore));
  }

  /**
   * A winston logger whose lines go to run.log, in order with everything else; add transports to
   * send them elsewhere too.
   */
  get logger(): Logger {
    return (this.#logger ??= createRunLogger((_level, line) => {
      if (this.#intake.isOpen) this.#intake.text(RecordKind.log, line);
      else warnOfLateCall(this.runDir);
    }));
  }

  /**
   * Samples the run for a progress bar: one snapshot every `periodMs` milliseconds with new rows,
   * and a last one.
   *
   * Works in a loop that never yields, does not keep the process alive, and completes with the run.
   */
  live(periodMs = DEFAULT_LIVE_MS): Observable<LiveSnapshot> {
    const snapshots$ = liveSnapshots(this.metrics, periodMs);
    return new TapObservable(this.#tapFailed, (subscriber) => snapshots$.subscribe(subscriber));
  }

  /**
   * Emits the numbers of one metric as they are logged, from the subscription on; completes with
   * the run.
   *
   * A boolean is 1 or 0; text is left out. Costs a look-up of the name for each row, on the thread
   * that logs.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`
   * @example
   * run.metric('loss').subscribe(({ step, value }) => console.log(step, value));
   */
  metric(name: keyof M & string): Observable<MetricPoint> {
    return metricPoints(this.metrics, name);
  }

  /** Makes `console.log(run)` print one line: the run, its status and its number of rows. */
  [inspect.custom](): string {
    const { rows } = this.#intake.channel;
    const facts = { run: this.runName, ...this.#facts(), rows, dir: printable(this.runDir) };
    const shown = Object.entries(facts).map(([fact, value]) => `${fact}: ${value}`);
    return `${this.constructor.name} { ${shown.join(', ')} }`;
  }
}

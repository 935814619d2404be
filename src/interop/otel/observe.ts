import { basename, dirname } from 'node:path';
import { type Observable, Subscription } from 'rxjs';
import type { LiveSnapshot } from '../../model/live.js';
import { invalidOption, milliseconds, ruleOf, string } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import type { MetricValue } from '../../model/metric.js';

/** The members of a run that {@link observe} needs; a `LoggingEngine` has them. */
export interface ObservedRun {
  readonly runDir: string;
  readonly runName: string;
  live(periodMs?: number): Observable<LiveSnapshot>;
}

/** Receives a number while metrics are collected; `ObservableResult` of `@opentelemetry/api`. */
export interface ObservableResult {
  observe(value: number, attributes?: Record<string, string>): void;
}

/** A gauge that is asked for its value; `ObservableGauge` of `@opentelemetry/api`. */
export interface ObservableGauge {
  addCallback(callback: (result: ObservableResult) => void): void;
  removeCallback(callback: (result: ObservableResult) => void): void;
}

/** Creates gauges; a `Meter` of `@opentelemetry/api` is one. */
export interface GaugeMeter {
  createObservableGauge(name: string, options?: { readonly description?: string }): ObservableGauge;
}

/** Options of {@link observe}. */
export interface ObserveOptions {
  /** Put before each metric's name to name its gauge; default `expman.`. */
  readonly prefix?: string | undefined;
  /** Attributes in addition to `experiment`, `run` and `metric`. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** The longest delay of a value in milliseconds; default 1,000. */
  readonly periodMs?: number | undefined;
}

/** Checks the shape only: the values are OpenTelemetry's to check. */
const isRecord = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const OPTIONS = optionsTable<ObserveOptions>()({
  prefix: string().byDefault('expman.'),
  attributes: ruleOf('an object of strings', isRecord).byDefault({}),
  periodMs: milliseconds().byDefault(1000),
});
// The rule of OpenTelemetry's instrument names.
// @bound loses nothing: the attribute metric has the whole name
const MAX_NAME = 255;

/**
 * Publishes the latest number of each of a run's metrics as an observable gauge, with the
 * attributes `experiment`, `run` and `metric`.
 *
 * The gauge of metric `val loss` is `expman.val_loss`: characters that instrument names may not
 * contain become `_`. A boolean is 1 or 0, a bigint the nearest double; text is left out, and so
 * are non-finite numbers, which OTLP's JSON cannot express. After the end of the run each gauge
 * reports its last number to one more collection and is then unregistered; unsubscribing does so at
 * once. Keeps one number per metric, and costs as much as a `live` tap.
 *
 * An exporter of cumulative temporality (the default) repeats a gauge's last number for as long as
 * its provider lives.
 *
 * The destination of the numbers is up to the meter's provider; this imports no OpenTelemetry
 * package.
 *
 * @throws ExpmanError `INVALID_OPTION` if the run or the meter is not valid, and for an unknown
 * option
 *
 * @param meter - a `Meter` of `@opentelemetry/api`
 * @example
 * const run = new LoggingEngine(new ExperimentConfig('my_exp'));
 * observe(run, metrics.getMeter('training'));
 */
export function observe(run: ObservedRun, meter: GaugeMeter, options: ObserveOptions = {}): Subscription {
  if (typeof (run as Partial<ObservedRun> | null)?.live !== 'function')
    throw invalidOption('run', 'a run, such as a LoggingEngine', run);
  if (typeof (meter as Partial<GaugeMeter> | null)?.createObservableGauge !== 'function')
    throw invalidOption('meter', "a Meter of OpenTelemetry's API", meter);
  const { prefix, attributes, periodMs } = OPTIONS.resolve(options);
  const experiment = basename(dirname(run.runDir));
  const gauges = new Map<string, RunGauge>();
  const show = ({ values }: LiveSnapshot): void => {
    for (const [metric, value] of Object.entries(values)) {
      if (typeof value === 'string') continue;
      let gauge = gauges.get(metric);
      if (gauge === undefined) {
        const instrument = meter.createObservableGauge(instrumentName(prefix + metric));
        gauge = new RunGauge(instrument, { ...attributes, experiment, run: run.runName, metric });
        gauges.set(metric, gauge);
      }
      gauge.value = value;
    }
  };
  const observed = new Subscription(() => gauges.forEach((gauge) => gauge.unregister()));
  const ended = (): void => gauges.forEach((gauge) => (gauge.isLast = true));
  observed.add(run.live(periodMs).subscribe({ next: show, error: ended, complete: ended }));
  return observed;
}

/** The latest number of a metric, for collection. */
class RunGauge {
  value: Exclude<MetricValue, string> = NaN;
  /** True if the run has ended: the next collection is the last. */
  isLast = false;

  constructor(
    private readonly gauge: ObservableGauge,
    private readonly attributes: Record<string, string>,
  ) {
    gauge.addCallback(this.tell);
  }

  unregister(): void {
    this.gauge.removeCallback(this.tell);
  }

  private readonly tell = (result: ObservableResult): void => {
    const number = Number(this.value);
    if (Number.isFinite(number)) result.observe(number, this.attributes);
    // Not within the collection: the SDK iterates over the list of callbacks that this shortens.
    if (this.isLast) queueMicrotask(() => this.unregister());
  };
}

function instrumentName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_./-]/g, '_').slice(0, MAX_NAME);
  return /^[A-Za-z]/.test(name) ? name : `m${name}`.slice(0, MAX_NAME);
}

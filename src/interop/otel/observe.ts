import { basename, dirname } from 'node:path';
import { type Observable, Subscription } from 'rxjs';
import type { LiveSnapshot } from '../../model/live.js';
import { invalidOption, milliseconds, ruleOf, string } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import type { MetricValue } from '../../model/metric.js';

/** What {@link observe} needs of a run; a `LoggingEngine` has it. */
export interface ObservedRun {
  readonly runDir: string;
  readonly runName: string;
  live(periodMs?: number): Observable<LiveSnapshot>;
}

/** What takes a number while metrics are collected; `ObservableResult` of `@opentelemetry/api`. */
export interface ObservableResult {
  observe(value: number, attributes?: Record<string, string>): void;
}

/** A gauge that is asked for its value; `ObservableGauge` of `@opentelemetry/api`. */
export interface ObservableGauge {
  addCallback(callback: (result: ObservableResult) => void): void;
  removeCallback(callback: (result: ObservableResult) => void): void;
}

/** What makes gauges; a `Meter` of `@opentelemetry/api` is one. */
export interface GaugeMeter {
  createObservableGauge(name: string, options?: { readonly description?: string }): ObservableGauge;
}

/** How a run is observed. */
export interface ObserveOptions {
  /** Put before each metric's name to name its gauge; `expman.` unless said otherwise. */
  readonly prefix?: string | undefined;
  /** Attributes beside `experiment`, `run` and `metric`. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds a value is late at most; 1,000 unless said otherwise. */
  readonly periodMs?: number | undefined;
}

/** The values are OpenTelemetry's to judge. */
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
 * Shows the latest number of each of a run's metrics as an observable gauge, with the attributes `experiment`, `run` and `metric`.
 *
 * The gauge of metric `val loss` is `expman.val_loss`: what no instrument may be called is `_`. A boolean is 1 or 0, of a bigint the
 * nearest double; text is left out, and so is what is not finite, which OTLP's JSON cannot say. After the run's end each
 * gauge gives its last number to one more collection and is then unregistered; unsubscribing does so at once. Holds
 * one number for each metric, and costs what a `live` tap costs.
 *
 * An exporter of cumulative temporality (the default) repeats a gauge's last number for as long as its provider lives.
 *
 * Where the numbers go is the meter's provider's matter; this imports no package of OpenTelemetry's.
 *
 * @throws ExpmanError `INVALID_OPTION` for what is no run or no meter, and an option nobody knows
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

/** One metric's latest number, for whoever collects. */
class RunGauge {
  value: Exclude<MetricValue, string> = NaN;
  /** The run has ended: the next collection is the last. */
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
    // Not from within the collection: the SDK walks the list of callbacks that this shortens.
    if (this.isLast) queueMicrotask(() => this.unregister());
  };
}

function instrumentName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_./-]/g, '_').slice(0, MAX_NAME);
  return /^[A-Za-z]/.test(name) ? name : `m${name}`.slice(0, MAX_NAME);
}

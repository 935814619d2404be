import type { RunControl } from '../../channel/run-control.js';
import type { ValueKind } from '../../channel/chunk-layout.js';
import type { Rejection } from '../../channel/row-encoder.js';
import { ExpmanError, describeType } from '../../model/errors.js';
import type { ResolvedOptions } from '../../model/experiment-config.js';
import { quoted } from '../../model/printable.js';
import { quantity } from '../../pure/quantity.js';
import type { Mapping } from '../../run/run-record.js';
import { RunWarnings, type WarningKind, type WriteWarning } from '../run-warnings.js';
import { KindWatch } from './kind-watch.js';

const RESERVED_COLUMNS: ReadonlySet<string> = new Set(['step', 'timestamp']);

/** The options of {@link RowRefusals}. */
export interface RowRefusalsOptions {
  readonly options: Pick<ResolvedOptions, 'maxMetrics' | 'onInvalid'>;
  readonly control: RunControl;
  /** Writes a warning into run.log. */
  readonly write: WriteWarning;
  /** Called when something was left out. */
  readonly onLoss: () => void;
  /** The metrics in the run.yaml of a resumed run. */
  readonly metricsBefore: Mapping;
}

/**
 * What a run does not accept: all of it is counted, and each metric or reason is reported once in
 * run.log.
 */
export class RowRefusals {
  private readonly warnings: RunWarnings;
  private readonly kinds: KindWatch;
  /** The first refused part of the row at hand, if the options request its error. */
  private first: Rejection | null = null;

  constructor(private readonly run: RowRefusalsOptions) {
    this.warnings = new RunWarnings(run.write);
    this.kinds = new KindWatch(run.metricsBefore);
  }

  /** True if the row at hand has a part whose error is to be thrown. */
  get waiting(): boolean {
    return this.first !== null;
  }

  /** Forgets the refused part of the row at hand; returns its error, null if there is none. */
  takeError(): ExpmanError | null {
    const { first } = this;
    this.first = null;
    return first === null ? null : errorOf(first);
  }

  /** Writes a warning, once for each subject. */
  warn(
    kind: WarningKind,
    subject: string,
    message: string,
    meta: Readonly<Record<string, unknown>> = {},
  ): void {
    this.warnings.add(kind, subject, message, meta);
  }

  /** Reports, at the end of the run, the warnings that had no line. */
  finish(write: WriteWarning): void {
    this.warnings.finish(write);
  }

  /** Counts values whose omission is already reported. */
  count(values: number): void {
    this.run.control.invalid += values;
    this.run.onLoss();
  }

  /**
   * Counts and reports a value that is not part of a row and already has its error.
   *
   * @throws {@link ExpmanError} the error, with `onInvalid: 'throw'`
   */
  refuse(metric: string, error: ExpmanError): void {
    const { first } = this;
    this.value({ metric, reason: error.message, value: error.value });
    this.first = first;
    if (this.run.options.onInvalid === 'throw') throw error;
  }

  /** Counts and reports a value that cannot be logged. */
  value(rejection: Rejection): void {
    const { metric, isRow, reason, value } = rejection;
    if (isRow) {
      this.part('row', reason, value);
      return;
    }
    this.warn('value', metric, `${quoted(metric)} was left out: ${reason}`, {
      metric,
      type: describeType(value),
    });
    this.note(rejection, 1);
  }

  /** The same for a part that is not a metric; each reason is reported once. */
  part(part: 'row' | 'step' | 'timestamp', reason: string, value: unknown): void {
    this.warn('row', `${part} ${reason}`, `the ${part} was left out: ${reason}`, {
      type: describeType(value),
    });
    this.note({ metric: part, reason, value }, 1);
  }

  /** The same for values beyond the names of a recorder. */
  surplus(names: readonly string[], given: number): void {
    const [first = ''] = names;
    const which = `the one that begins with ${quoted(first)}`;
    const reason = `it has ${quantity(names.length, 'names')} and was given ${quantity(given, 'values')}`;
    this.warn('row', `surplus ${names.join()}`, `values of a recorder were left out: ${which}: ${reason}`, {
      count: given - names.length,
    });
    this.note({ metric: first, reason: `its recorder: ${reason}`, value: given }, given - names.length);
  }

  /** The same for metrics beyond the limit. */
  excess(metrics: readonly string[]): void {
    const { maxMetrics } = this.run.options;
    this.warnings.addExcess(metrics, maxMetrics);
    const reason = `the run already has maxMetrics = ${maxMetrics} metrics`;
    this.note({ metric: metrics[0] ?? '', reason, value: undefined }, metrics.length);
  }

  /** Reports the first row of a metric whose column cannot have its name. */
  noteMetric(metric: string): void {
    if (RESERVED_COLUMNS.has(metric))
      this.warn(
        'name',
        metric,
        `the column of metric ${quoted(metric)} gets a suffix, because the name is reserved; for the ${metric} of a row, write { ${metric}, values }`,
        { metric },
      );
  }

  /** Reports a metric that is logged as another type than before. */
  noteKind(metric: string, kind: ValueKind): void {
    const change = this.kinds.changeTo(metric, kind);
    if (change !== null)
      this.warn(
        'kind',
        metric,
        `metric ${quoted(metric)} was logged as a ${change.from}, and now as a ${change.to}: its column holds both; summaries and curves use only its numbers and booleans`,
        { metric, ...change },
      );
  }

  private note(rejection: Rejection, values: number): void {
    if (this.run.options.onInvalid === 'throw') this.first ??= rejection;
    this.count(values);
  }
}

function errorOf({ metric, reason, value }: Rejection): ExpmanError {
  return new ExpmanError('INVALID_VALUE', `${quoted(metric)}: ${reason}`, {
    option: metric,
    rule: reason,
    value,
    type: describeType(value),
  });
}

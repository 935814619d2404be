import type { Observer } from 'rxjs';
import type { MetricRow, MetricsOf, MetricValue } from '../../model/metric.js';
import { flag, metricName } from '../../model/option-rules.js';
import type { Resolved } from '../../model/options-table.js';
import { type RunSink, type UncheckedRow, guard } from './run-sink.js';

/** One row, with or without its step. */
export type RowLike = MetricRow | Readonly<Record<string, MetricValue>>;

/** The same for a custom type, which may be an `interface`. */
export type RowLikeOf<T> = {
  readonly [K in keyof T]: K extends 'values'
    ? MetricsOf<T[K]>
    : K extends 'step'
      ? number | bigint | null | undefined
      : MetricValue | (K extends 'timestamp' ? undefined : never);
};

/** One value of a metric whose name is given elsewhere, alone or as a {@link MetricPoint}. */
export type ValueLike =
  | MetricValue
  | {
      readonly value: MetricValue;
      readonly step?: number | bigint | null | undefined;
      readonly timestamp?: number | undefined;
    };

/** Options of {@link logTo} and {@link tee} for rows. */
export interface LogRowsOptions {
  /**
   * Ends the run with its source: as finished when that completes, as failed when it errors;
   * default false.
   */
  readonly complete?: boolean | undefined;
}

/** Options of {@link logTo} and {@link tee} for single values. */
export interface LogValuesOptions extends LogRowsOptions {
  /** The metric to log them as. */
  readonly name: string;
}

/** The rules of {@link LogValuesOptions}; without a name, of {@link LogRowsOptions}. */
export const LOG_RULES = { name: metricName(), complete: flag().byDefault(false) };

/**
 * Makes an observer that logs its values to a run, and never throws.
 *
 * A value that is not a row is passed to the run too, which counts it as invalid and reports it in
 * run.log.
 */
export function rowObserver(run: RunSink, { name, complete }: Resolved<typeof LOG_RULES>): Observer<unknown> {
  const guarded = guard(run);
  const rowOf = name === undefined ? rowLike : (item: unknown): UncheckedRow => valueLike(item, name);
  return {
    next: (item) => guarded(() => run.metrics.next(rowOf(item))),
    error: (error: unknown) =>
      guarded(() => {
        if (complete) run.metrics.error(error);
        else run.logger.error('a source that logs to the run failed', { error });
      }),
    complete: () => {
      if (complete) guarded(() => run.metrics.complete());
    },
  };
}

/**
 * Converts an item to a row; a metric's value is never an object, so an item whose `values` is one
 * is a row.
 */
function rowLike(item: unknown): UncheckedRow {
  return isObject(item) && 'values' in item && isObject(item.values) ? item : { values: item };
}

function valueLike(item: unknown, name: string): UncheckedRow {
  if (!isObject(item) || !('value' in item)) return { values: { [name]: item } };
  const { value, step, timestamp }: { value: unknown; step?: unknown; timestamp?: unknown } = item;
  return { step, timestamp, values: { [name]: value } };
}

const isObject = (item: unknown): item is object => typeof item === 'object' && item !== null;

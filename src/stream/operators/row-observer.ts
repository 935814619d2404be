import type { Observer } from 'rxjs';
import type { MetricRow, MetricsOf, MetricValue } from '../../model/metric.js';
import { flag, metricName } from '../../model/option-rules.js';
import type { Resolved } from '../../model/options-table.js';
import { type RunSink, type UncheckedRow, guard } from './run-sink.js';

/** One row, with or without its step. */
export type RowLike = MetricRow | Readonly<Record<string, MetricValue>>;

/** The same in a type of one's own, an `interface` as well. */
export type RowLikeOf<T> = {
  readonly [K in keyof T]: K extends 'values'
    ? MetricsOf<T[K]>
    : K extends 'step'
      ? number | bigint | null | undefined
      : MetricValue | (K extends 'timestamp' ? undefined : never);
};

/** One value of a metric whose name is said elsewhere, alone or as a {@link MetricPoint}. */
export type ValueLike =
  | MetricValue
  | {
      readonly value: MetricValue;
      readonly step?: number | bigint | null | undefined;
      readonly timestamp?: number | undefined;
    };

/** How {@link logTo} and {@link tee} log rows. */
export interface LogRowsOptions {
  /** Whether the run ends with its source: finished when that completes, failed when it errors; default false. */
  readonly complete?: boolean | undefined;
}

/** How {@link logTo} and {@link tee} log single values. */
export interface LogValuesOptions extends LogRowsOptions {
  /** The metric they are values of. */
  readonly name: string;
}

/** The rules of {@link LogValuesOptions}; without a name, of {@link LogRowsOptions}. */
export const LOG_RULES = { name: metricName(), complete: flag().byDefault(false) };

/**
 * An observer that logs what it gets into a run, and never throws.
 *
 * What is no row goes to the run all the same, which counts it as invalid and tells it in run.log.
 */
export function rowObserver(run: RunSink, { name, complete }: Resolved<typeof LOG_RULES>): Observer<unknown> {
  const guarded = guard(run);
  const rowOf = name === undefined ? rowLike : (item: unknown): UncheckedRow => valueLike(item, name);
  return {
    next: (item) => guarded(() => run.metrics.next(rowOf(item))),
    error: (error: unknown) =>
      guarded(() => {
        if (complete) run.metrics.error(error);
        else run.logger.error('a source that is logged into the run failed', { error });
      }),
    complete: () => {
      if (complete) guarded(() => run.metrics.complete());
    },
  };
}

/** A metric's value is never an object: `values` that is one makes a row. */
function rowLike(item: unknown): UncheckedRow {
  return isObject(item) && 'values' in item && isObject(item.values) ? item : { values: item };
}

function valueLike(item: unknown, name: string): UncheckedRow {
  if (!isObject(item) || !('value' in item)) return { values: { [name]: item } };
  const { value, step, timestamp }: { value: unknown; step?: unknown; timestamp?: unknown } = item;
  return { step, timestamp, values: { [name]: value } };
}

const isObject = (item: unknown): item is object => typeof item === 'object' && item !== null;

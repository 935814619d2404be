import type { Column, ColumnField, ColumnType } from './column.js';
import { STEP_FIELD, TIMESTAMP_FIELD } from './row-group.js';
import { integersExact, widerType } from './widen.js';

interface MetricColumn {
  /** The column's name: the metric's name, with a suffix if that is taken. */
  readonly name: string;
  type: ColumnType;
  /** True if no int64 was seen that a double cannot hold. */
  exact: boolean;
}

/** A metric's column in a plain form, for the file's metadata. */
export type PlainMetricColumn = readonly [metric: string, name: string, exact: boolean];

/**
 * The columns of a run: one for each metric, in order of appearance, of a type that holds all
 * values so far.
 */
export class MetricColumns {
  private readonly columns = new Map<string, MetricColumn>();
  private readonly taken = new Set([STEP_FIELD.name, TIMESTAMP_FIELD.name]);

  /** All fields of the run's file: step, timestamp, then the metrics. */
  get fields(): ColumnField[] {
    const metrics = [...this.columns.values()].map(({ name, type }) => ({ name, type }));
    return [STEP_FIELD, TIMESTAMP_FIELD, ...metrics];
  }

  /** The columns whose names differ from their metrics' names. */
  get renamed(): { readonly metric: string; readonly name: string }[] {
    return [...this.columns].flatMap(([metric, { name }]) => (metric === name ? [] : [{ metric, name }]));
  }

  /** Registers new values; returns the name of their column. */
  admit(metric: string, column: Column): string {
    const exact = column.type !== 'INT64' || integersExact(column);
    const known = this.columns.get(metric);
    if (known === undefined) {
      const name = this.freeName(metric);
      this.columns.set(metric, { name, type: column.type, exact });
      return name;
    }
    known.exact &&= exact;
    known.type = widerType(known.type, column.type, known.exact);
    return known.name;
  }

  toPlain(): PlainMetricColumn[] {
    return [...this.columns].map(([metric, { name, exact }]) => [metric, name, exact]);
  }

  /** Restores the columns of a file that is continued. */
  restore(plain: readonly PlainMetricColumn[], fields: readonly ColumnField[]): void {
    const types = new Map(fields.map(({ name, type }) => [name, type]));
    for (const [metric, name, exact] of plain) {
      const type = types.get(name);
      if (type === undefined) continue;
      this.columns.set(metric, { name, type, exact });
      this.taken.add(name);
    }
  }

  private freeName(metric: string): string {
    let name = metric;
    while (this.taken.has(name)) name += '_';
    this.taken.add(name);
    return name;
  }
}

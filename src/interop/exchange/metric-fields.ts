import type { ColumnField, ColumnType } from '../../columnar/column.js';
import { STEP_FIELD, TIMESTAMP_FIELD } from '../../columnar/row-group.js';
import { cellTextOf } from '../../columnar/text-cells.js';
import { widerType } from '../../columnar/widen.js';
import type { MetricValue } from '../../model/metric.js';
import { freeName } from '../../pure/free-name.js';
import type { ExchangeField, ExchangeRun } from './exchange-run.js';

/** The type of a metric's column. */
export type MetricType = Exclude<ColumnType, 'TIMESTAMP'>;

/** A metric and its column; the names differ if the metric's is taken, like `step`. */
export interface MetricField extends ExchangeField {
  readonly metric: string;
  readonly type: MetricType;
}

/**
 * Returns the metrics of a run, each with its own column; if the run does not list them, its rows
 * are read once.
 */
export async function metricFieldsOf(run: ExchangeRun): Promise<readonly MetricField[]> {
  const fields = run.fields.length > 0 ? run.fields : await scanned(run);
  const taken = new Set([STEP_FIELD.name, TIMESTAMP_FIELD.name]);
  return fields.map(({ name: metric, type, mixed = false }) => {
    const name = freeName(metric, (each) => taken.has(each));
    taken.add(name);
    return { metric, name, type: metricTypeOf(type), ...(mixed && { mixed }) };
  });
}

/** Returns all columns of a table: step, timestamp, then the metrics. */
export const columnsFor = (fields: readonly MetricField[]): ColumnField[] => [
  STEP_FIELD,
  TIMESTAMP_FIELD,
  ...fields.map(({ name, type }) => ({ name, type })),
];

/** Collects the metrics of rows, with a type for each that holds all its values. */
export class FieldScan {
  private readonly types = new Map<string, { type: MetricType; exact: boolean; isText: boolean }>();

  add(metric: string, value: MetricValue): void {
    const type = typeOf(value);
    const exact = typeof value !== 'bigint' || Number.isSafeInteger(Number(value));
    const known = this.types.get(metric);
    if (known === undefined) {
      this.types.set(metric, { type, exact, isText: type === 'UTF8' });
      return;
    }
    known.exact &&= exact;
    known.isText &&= type === 'UTF8';
    known.type = metricTypeOf(widerType(known.type, type, known.exact));
  }

  get fields(): (ExchangeField & { readonly type: MetricType })[] {
    return [...this.types].map(([name, { type, isText }]) => ({
      ...{ name, type },
      ...(type === 'UTF8' && !isText && { mixed: true }),
    }));
  }
}

/**
 * Converts a value to the type of its column.
 *
 * @throws TypeError if the type cannot hold it
 */
export function valueAs(value: MetricValue, type: MetricType): MetricValue {
  if (typeOf(value) === type) return value;
  if (type === 'UTF8') return typeof value === 'string' ? value : cellTextOf(value);
  if (type === 'DOUBLE' && typeof value === 'bigint') return Number(value);
  if (type === 'INT64' && Number.isInteger(value)) return BigInt(value);
  throw new TypeError(`a ${typeof value} in a column of ${type}`);
}

async function scanned(run: ExchangeRun): Promise<readonly ExchangeField[]> {
  const scan = new FieldScan();
  for await (const { values } of run.rows())
    for (const [metric, value] of Object.entries(values)) scan.add(metric, value);
  return scan.fields;
}

function typeOf(value: MetricValue): MetricType {
  switch (typeof value) {
    case 'number':
      return 'DOUBLE';
    case 'bigint':
      return 'INT64';
    case 'boolean':
      return 'BOOLEAN';
    default:
      return 'UTF8';
  }
}

const metricTypeOf = (type: ColumnType): MetricType => (type === 'TIMESTAMP' ? 'INT64' : type);

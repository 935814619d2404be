import type { Column } from '../../columnar/column.js';
import { builderOf, IntegerBuilder } from '../../columnar/column-builder.js';
import type { MetricRow } from '../../model/metric.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { microsOf } from '../exchange/instants.js';
import { type MetricField, valueAs } from '../exchange/metric-fields.js';

/** @bound loses nothing: further rows are in the next batch */
const MAX_ROWS = 16 * 1024;
/**
 * Values of a batch, including missing ones: a run of 10,000 metrics has batches of few rows.
 *
 * @bound loses nothing: further rows are in the next batch
 */
const MAX_VALUES = 2 * 1024 * 1024;
/**
 * Characters of text in a batch; the last row may exceed it.
 *
 * @bound loses nothing: further rows are in the next batch
 */
const MAX_TEXT = 32 * 1024 * 1024;

/**
 * Yields a run's rows as columns, some thousand rows at a time: step, timestamp, then one per
 * field.
 */
export async function* columnBatches(
  run: ExchangeRun,
  fields: readonly MetricField[],
  maxRows = MAX_ROWS,
): AsyncGenerator<readonly Column[], void> {
  const most = Math.max(1, Math.min(maxRows, Math.floor(MAX_VALUES / (fields.length + 2))));
  let rows: MetricRow[] = [];
  let text = 0;
  for await (const row of run.rows()) {
    rows.push(row);
    for (const value of Object.values(row.values)) if (typeof value === 'string') text += value.length;
    if (rows.length < most && text < MAX_TEXT) continue;
    yield columnsOf(rows, fields);
    rows = [];
    text = 0;
  }
  if (rows.length > 0) yield columnsOf(rows, fields);
}

function columnsOf(rows: readonly MetricRow[], fields: readonly MetricField[]): Column[] {
  const timestamp = integers(rows.map((row) => microsOf(row.timestamp)));
  return [
    integers(rows.map(({ step }) => step)),
    { ...timestamp, type: 'TIMESTAMP' },
    ...fields.map((field) => metricColumn(rows, field)),
  ];
}

function integers(
  numbers: readonly (number | bigint | null | undefined)[],
): Column & { readonly type: 'INT64' } {
  const builder = new IntegerBuilder(numbers.length);
  const slot = new BigInt64Array(1);
  numbers.forEach((number, row) => {
    if (number === null || number === undefined) return;
    slot[0] = BigInt(number);
    builder.copy(row, 1, slot, 0, 1);
  });
  return builder.finish();
}

function metricColumn(rows: readonly MetricRow[], { metric, type }: MetricField): Column {
  const builder = builderOf(type, rows.length);
  const double = new Float64Array(1);
  const integer = new BigInt64Array(1);
  rows.forEach(({ values }, row) => {
    if (!Object.hasOwn(values, metric)) return;
    const given = values[metric];
    if (given === undefined) return;
    if (builder.type === 'UTF8' && typeof given !== 'string') {
      builder.setNumeric(row, given);
      return;
    }
    const value = valueAs(given, type);
    if (builder.type === 'DOUBLE' && typeof value === 'number') {
      double[0] = value;
      builder.copy(row, 1, double, 0, 1);
    } else if (builder.type === 'INT64' && typeof value === 'bigint') {
      integer[0] = value;
      builder.copy(row, 1, integer, 0, 1);
    } else if (builder.type === 'BOOLEAN' && typeof value === 'boolean') builder.set(row, value);
    else if (builder.type === 'UTF8' && typeof value === 'string')
      builder.set(row, Buffer.from(value, 'utf8'));
  });
  return builder.finish();
}

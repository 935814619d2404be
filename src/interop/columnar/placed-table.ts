import { columnOfStrings } from '../../columnar/column-of-strings.js';
import type { Column, ColumnField } from '../../columnar/column.js';
import type { MetricRow } from '../../model/metric.js';
import { isoOfMicros } from '../exchange/instants.js';
import type { MetricField } from '../exchange/metric-fields.js';
import type { Places } from '../source/places.js';
import { rowsOfColumns, valuesOf } from './rows-of-columns.js';

/** Batches of rows, with a column for each field. */
export interface ColumnTable {
  readonly fields: readonly ColumnField[];
  batches(): Iterable<readonly Column[]>;
}

/** A metric of a table, and the column it is in. */
export interface TableMetric extends Pick<MetricField, 'metric' | 'type' | 'mixed'> {
  readonly at: number;
}

/**
 * Treats each column that is neither step nor timestamp as a metric of its name; times become text.
 */
export function metricsIn({ fields }: ColumnTable, { step, timestamp }: Places): TableMetric[] {
  const taken = new Set<string>();
  return fields.flatMap(({ name, type }, at) => {
    if (at === step || at === timestamp) return [];
    let metric = name.trim();
    while (taken.has(metric)) metric += '_';
    taken.add(metric);
    return [{ metric, type: type === 'TIMESTAMP' ? 'UTF8' : type, at }];
  });
}

/**
 * Yields the rows of a table.
 *
 * @param elapsed - for a table of any writer, the metric of times that are seconds since the start
 */
export function* rowsOfTable(
  table: ColumnTable,
  { step, timestamp }: Places,
  metrics: readonly TableMetric[],
  elapsed?: string,
): Generator<MetricRow, void> {
  for (const columns of table.batches())
    yield* rowsOfColumns({
      step: columns[step] ?? null,
      timestamp: columns[timestamp] ?? null,
      ...(elapsed !== undefined && { elapsed }),
      metrics: metrics.flatMap(({ metric, at, mixed = false }) => {
        const column = columns[at];
        return column === undefined ? [] : [{ metric, column: asLogged(column, mixed) }];
      }),
    });
}

/**
 * Converts times to texts; in a column of texts and numbers, texts that look like numbers become
 * numbers if there are no marks.
 */
function asLogged(column: Column, isMixed: boolean): Column {
  if (column.type === 'UTF8' && isMixed) return { numeric: 'alike', ...column };
  if (column.type !== 'TIMESTAMP') return column;
  const at = valuesOf(column);
  return columnOfStrings(
    Array.from({ length: column.length }, (_, row) => {
      const micros = at(row);
      return micros === null ? null : Buffer.from(isoOfMicros(Number(micros)));
    }),
  );
}

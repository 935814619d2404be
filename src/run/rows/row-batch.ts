import type { MetricColumns } from '../../columnar/metric-columns.js';
import { type RowBatch, recordBatchOf } from '../../columnar/record-batch.js';
import { STEP_FIELD, TIMESTAMP_FIELD } from '../../columnar/row-group.js';
import type { DecodedRows } from './decode-spans.js';

/** Decoded rows as Arrow's record batch, under the names the run's columns have in its file. */
export function rowBatchOf({ step, timestamp, metrics }: DecodedRows, columns: MetricColumns): RowBatch {
  const named = metrics.map(({ metric, column }) => ({ ...column, name: columns.admit(metric, column) }));
  return recordBatchOf([
    { ...step, name: STEP_FIELD.name },
    { ...timestamp, name: TIMESTAMP_FIELD.name },
    ...named,
  ]);
}

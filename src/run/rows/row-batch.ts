import type { MetricColumns } from '../../columnar/metric-columns.js';
import { type RowBatch, recordBatchOf } from '../../columnar/record-batch.js';
import { STEP_FIELD, TIMESTAMP_FIELD } from '../../columnar/row-group.js';
import type { DecodedRows } from './decode-spans.js';

/** Converts decoded rows to an Arrow record batch, with the column names of the run's file. */
export function rowBatchOf({ step, timestamp, metrics }: DecodedRows, columns: MetricColumns): RowBatch {
  const named = metrics.map(({ metric, column }) => ({ ...column, name: columns.admit(metric, column) }));
  return recordBatchOf([
    { ...step, name: STEP_FIELD.name },
    { ...timestamp, name: TIMESTAMP_FIELD.name },
    ...named,
  ]);
}

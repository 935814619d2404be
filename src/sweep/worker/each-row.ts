import type { RowSpan } from '../../channel/records.js';
import { type RecordViews, stepAt, valuesAt } from '../../channel/record-values.js';
import type { MetricRow } from '../../model/metric.js';

const MICROS = 1000;

/** Calls `visit` with each row of a span, as logged, with its time. */
export function eachRow(
  { views: { bytes, words, doubles: f64 }, start, rows, shape, wide }: RowSpan,
  visit: (row: Required<MetricRow>) => void,
): void {
  const views: RecordViews = {
    f64,
    i64: new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3),
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
  };
  for (let row = 0, at = start; row < rows; row++, at += words[at >> 2] ?? 8)
    visit({
      step: stepAt(views, at, wide),
      timestamp: (views.f64[(at >> 3) + 2] ?? 0) / MICROS,
      values: valuesAt(views, at, shape),
    });
}

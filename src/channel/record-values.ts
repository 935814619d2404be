import type { MetricValue } from '../model/metric.js';
import type { Step } from '../model/step.js';
import { ROW_HEAD_BYTES, ValueKind } from './chunk-layout.js';
import type { RowShape } from './records.js';

/** Views of memory with records, each over its whole length. */
export interface RecordViews {
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly bytes: Buffer;
}

/** Reads the step of the row whose record begins at byte `at`; null if it has none. */
export function stepAt({ f64, i64 }: RecordViews, at: number, wide: boolean): Step | null {
  if (wide) return i64[(at >> 3) + 1] ?? null;
  const step = f64[(at >> 3) + 1] ?? NaN;
  return step === step ? step : null;
}

/** Reads the values of the row whose record begins at byte `at` into a new object. */
export function valuesAt(
  { f64, i64, bytes }: RecordViews,
  at: number,
  { metrics, kinds }: Pick<RowShape, 'metrics' | 'kinds'>,
): Readonly<Record<string, MetricValue>> {
  const values: Record<string, MetricValue> = {};
  const slots = (at + ROW_HEAD_BYTES) >> 3;
  let textAt = at + ROW_HEAD_BYTES + 8 * kinds.length;
  for (let index = 0; index < kinds.length; index++) {
    const number = f64[slots + index] ?? NaN;
    let value: MetricValue = number;
    if (kinds[index] === ValueKind.bigint) value = i64[slots + index] ?? 0n;
    else if (kinds[index] === ValueKind.boolean) value = number === 1;
    else if (kinds[index] === ValueKind.string) {
      value = bytes.toString('utf8', textAt, textAt + number);
      textAt += number;
    }
    set(values, metrics[index] ?? '', value);
  }
  return values;
}

/** A metric may have any name, and an assignment to this one would not create an entry. */
function set(values: Record<string, MetricValue>, metric: string, value: MetricValue): void {
  if (metric === '__proto__')
    Object.defineProperty(values, metric, { value, enumerable: true, configurable: true, writable: true });
  else values[metric] = value;
}

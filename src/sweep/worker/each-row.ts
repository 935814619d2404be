import { ROW_HEAD_BYTES, ValueKind } from '../../channel/layout.js';
import type { RowShape, RowSpan } from '../../channel/records.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';

const MICROS = 1000;

/** Calls `visit` with each row of a span, as it was logged. */
export function eachRow({ bytes, start, rows, shape, wide }: RowSpan, visit: (row: MetricRow) => void): void {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const views: Views = {
    doubles: new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3),
    integers: new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3),
    text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
  };
  const { doubles, integers } = views;
  for (let row = 0, at = start; row < rows; row++, at += words[at >> 2] ?? 8) {
    const step = (wide ? integers : doubles)[(at >> 3) + 1] ?? NaN;
    visit({
      step: Number.isNaN(step) ? null : step,
      timestamp: (doubles[(at >> 3) + 2] ?? 0) / MICROS,
      values: valuesAt(views, at, shape),
    });
  }
}

interface Views {
  readonly doubles: Float64Array;
  readonly integers: BigInt64Array;
  readonly text: Buffer;
}

function valuesAt(
  { doubles, integers, text }: Views,
  at: number,
  { metrics, kinds }: RowShape,
): Readonly<Record<string, MetricValue>> {
  const values: Record<string, MetricValue> = {};
  const slots = (at + ROW_HEAD_BYTES) >> 3;
  let textAt = at + ROW_HEAD_BYTES + 8 * kinds.length;
  for (let index = 0; index < kinds.length; index++) {
    const number = doubles[slots + index] ?? NaN;
    let value: MetricValue = number;
    if (kinds[index] === ValueKind.bigint) value = integers[slots + index] ?? 0n;
    else if (kinds[index] === ValueKind.boolean) value = number === 1;
    else if (kinds[index] === ValueKind.string) {
      value = text.toString('utf8', textAt, textAt + number);
      textAt += number;
    }
    set(values, metrics[index] ?? '', value);
  }
  return values;
}

/** A metric may have any name, and an assignment to this one would make no entry. */
function set(values: Record<string, MetricValue>, metric: string, value: MetricValue): void {
  if (metric === '__proto__')
    Object.defineProperty(values, metric, { value, enumerable: true, configurable: true, writable: true });
  else values[metric] = value;
}

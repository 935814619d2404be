import type { RowShape, RowSpan } from '../../src/channel/records.js';

export type Value = number | bigint | boolean | string;

/** A row as it is logged. */
export interface LoggedRow {
  readonly step: number | null;
  /** Microseconds. */
  readonly timestamp: number;
  readonly values: ReadonlyMap<string, Value>;
}

/** Rows as the channel hands them on: those of one shape that stand behind each other are a span. */
export function spansOf(rows: readonly LoggedRow[]): RowSpan[] {
  const spans: RowSpan[] = [];
  let group: LoggedRow[] = [];
  for (const row of rows) {
    const [first] = group;
    if (first !== undefined && keyOf(first) !== keyOf(row)) {
      spans.push(spanOf(group));
      group = [];
    }
    group.push(row);
  }
  return group.length === 0 ? spans : [...spans, spanOf(group)];
}

const kindOf = (value: Value): 0 | 1 | 2 | 3 =>
  typeof value === 'number' ? 0 : typeof value === 'bigint' ? 1 : typeof value === 'boolean' ? 2 : 3;

const keyOf = ({ values }: LoggedRow): string =>
  JSON.stringify([...values].map(([metric, value]) => [metric, kindOf(value)]));

function spanOf(rows: readonly LoggedRow[]): RowSpan {
  const first = [...(rows[0]?.values ?? [])];
  const kinds = first.map(([, value]) => kindOf(value));
  const shape: RowShape = { metrics: first.map(([metric]) => metric), kinds, hasStrings: kinds.includes(3) };
  const records = Buffer.concat(rows.map(recordOf));
  // Somewhere inside a larger payload, as it would be.
  const bytes = new Uint8Array(new ArrayBuffer(8 + records.length));
  bytes.set(records, 8);
  return {
    views: { bytes, words: new Int32Array(bytes.buffer), doubles: new Float64Array(bytes.buffer) },
    start: 8,
    rows: rows.length,
    length: records.length,
    shape,
    stamped: false,
    wide: false,
    epoch: 1,
    lastSeq: rows.length,
    row: 0,
    begun: rows.length,
    targets: null,
    calls: rows.length,
  };
}

/** Head, step and timestamp, a word for each value (a string's is its length), then the strings, to whole words. */
function recordOf({ step, timestamp, values }: LoggedRow): Uint8Array {
  const texts = [...values.values()].flatMap((value) =>
    typeof value === 'string' ? [Buffer.from(value)] : [],
  );
  const fixed = 24 + 8 * values.size;
  const out = Buffer.alloc((fixed + Buffer.concat(texts).length + 7) & ~7);
  out.writeInt32LE(out.length, 0);
  out.writeDoubleLE(step ?? NaN, 8);
  out.writeDoubleLE(timestamp, 16);
  [...values.values()].forEach((value, i) => {
    if (typeof value === 'bigint') out.writeBigInt64LE(value, 24 + 8 * i);
    else out.writeDoubleLE(typeof value === 'string' ? Buffer.byteLength(value) : Number(value), 24 + 8 * i);
  });
  out.set(Buffer.concat(texts), fixed);
  return out;
}

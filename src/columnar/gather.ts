import { bitAt, bitmapBytes, setBit } from './bitmap.js';
import type { Column } from './column.js';
import { columnOfStrings } from './column-of-strings.js';
import { halvesOf } from './int64.js';

/** Selects the rows of a column listed in `source`, in that order; -1 is a row without a value. */
export function gatherColumn(column: Column, source: Int32Array): Column {
  const rows = source.length;
  const validity = new Uint8Array(bitmapBytes(rows));
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    const from = source[row] ?? -1;
    if (from >= 0 && (column.validity === null || bitAt(column.validity, from))) setBit(validity, row);
    else nullCount++;
  }
  const base = { length: rows, nullCount, validity: nullCount === 0 ? null : validity };
  switch (column.type) {
    case 'DOUBLE':
      return {
        type: column.type,
        ...base,
        values: new Float64Array(gatherHalves(halvesOf(column.values), source)),
      };
    case 'INT64':
    case 'TIMESTAMP':
      return {
        type: column.type,
        ...base,
        values: new BigInt64Array(gatherHalves(halvesOf(column.values), source)),
      };
    case 'BOOLEAN':
      return { type: column.type, ...base, values: gatherBits(column.values, source) };
    case 'UTF8': {
      const { numeric } = column;
      const texts = columnOfStrings(
        Array.from(source, (row) =>
          row < 0 || (column.validity !== null && !bitAt(column.validity, row))
            ? null
            : column.values.subarray(column.offsets[row], column.offsets[row + 1]),
        ),
      );
      if (numeric === undefined) return texts;
      return { ...texts, numeric: numeric === 'alike' ? numeric : gatherBits(numeric, source) };
    }
    default:
      return column satisfies never;
  }
}

function gatherHalves(halves: Int32Array, source: Int32Array): ArrayBuffer {
  const out = new Int32Array(source.length * 2);
  for (let row = 0; row < source.length; row++) {
    const from = source[row] ?? -1;
    if (from < 0) continue;
    out[2 * row] = halves[2 * from] ?? 0;
    out[2 * row + 1] = halves[2 * from + 1] ?? 0;
  }
  return out.buffer;
}

function gatherBits(bits: Uint8Array, source: Int32Array): Uint8Array {
  const out = new Uint8Array(bitmapBytes(source.length));
  for (let row = 0; row < source.length; row++) {
    const from = source[row] ?? -1;
    if (from >= 0 && bitAt(bits, from)) setBit(out, row);
  }
  return out;
}

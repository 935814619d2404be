import { bitAt, bitmapBytes, setBit } from './bitmap.js';
import type { Column } from './column.js';

/** Returns rows `from` to `to` of a column; fixed-width values are views of its buffers. */
export function sliceColumn(column: Column, from: number, to: number): Column {
  const length = to - from;
  const { validity, nullCount } = sliceValidity(column, from, to);
  const base = { length, nullCount, validity };
  switch (column.type) {
    case 'DOUBLE':
      return { type: column.type, ...base, values: column.values.subarray(from, to) };
    case 'INT64':
    case 'TIMESTAMP':
      return { type: column.type, ...base, values: column.values.subarray(from, to) };
    case 'BOOLEAN':
      return { type: column.type, ...base, values: sliceBits(column.values, from, to) };
    case 'UTF8': {
      const first = column.offsets[from] ?? 0;
      const offsets = column.offsets.slice(from, to + 1);
      if (first !== 0) for (let row = 0; row <= length; row++) offsets[row] = (offsets[row] ?? 0) - first;
      const { numeric } = column;
      return {
        ...{ type: column.type, ...base, offsets, values: column.values.subarray(first, column.offsets[to]) },
        ...(numeric !== undefined && {
          numeric: numeric === 'alike' ? numeric : sliceBits(numeric, from, to),
        }),
      };
    }
    default:
      return column satisfies never;
  }
}

function sliceValidity(
  { validity, nullCount }: Column,
  from: number,
  to: number,
): { readonly validity: Uint8Array | null; readonly nullCount: number } {
  if (validity === null || nullCount === 0) return { validity: null, nullCount: 0 };
  const bits = sliceBits(validity, from, to);
  let valid = 0;
  for (let row = 0; row < to - from; row++) if (bitAt(bits, row)) valid++;
  const nulls = to - from - valid;
  return { validity: nulls === 0 ? null : bits, nullCount: nulls };
}

/** Returns bits `from` to `to`; those after the last one are zero. */
function sliceBits(bits: Uint8Array, from: number, to: number): Uint8Array {
  const length = to - from;
  const out = new Uint8Array(bitmapBytes(length));
  if ((from & 7) !== 0) {
    for (let bit = 0; bit < length; bit++) if (bitAt(bits, from + bit)) setBit(out, bit);
    return out;
  }
  out.set(bits.subarray(from >> 3, (from >> 3) + out.length));
  const rest = length & 7;
  if (rest !== 0) out[out.length - 1] = (out[out.length - 1] ?? 0) & ((1 << rest) - 1);
  return out;
}

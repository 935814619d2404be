import type { Column } from '../../columnar/column.js';
import { countSet } from './bit-runs.js';

/**
 * The values of a column without its null rows, in the units that the encoders use.
 *
 * 64-bit values are pairs of 32-bit words (low, high), so that every bit of a NaN and of a large
 * integer is kept and no loop needs a BigInt. Strings are [starts, ends) in shared bytes. If the
 * column has no nulls, all of these are views of its buffers.
 */
export type Dense =
  | { readonly kind: 'words'; readonly count: number; readonly words: Int32Array }
  | { readonly kind: 'bits'; readonly count: number; readonly bits: Uint8Array }
  | ({ readonly kind: 'strings' } & Strings);

export interface Strings {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly bytes: Uint8Array;
}

/**
 * The validity bitmap of a column with nulls, else null; without a bitmap, all rows have values.
 */
export function validityOf(column: Column): Uint8Array | null {
  return column.nullCount === 0 ? null : column.validity;
}

/** Removes the null rows from a column. */
export function toDense(column: Column): Dense {
  const rows = column.length;
  const validity = validityOf(column);
  const count = validity === null ? rows : countSet(validity, 0, rows);
  switch (column.type) {
    case 'BOOLEAN':
      return { kind: 'bits', count, bits: denseBits(column.values, validity, rows, count) };
    case 'UTF8': {
      const starts = column.offsets.subarray(0, rows);
      const ends = column.offsets.subarray(1, rows + 1);
      if (validity === null) return { kind: 'strings', count, starts, ends, bytes: column.values };
      const valid = denseRows(validity, rows, count);
      return {
        kind: 'strings',
        count,
        starts: pick(starts, valid),
        ends: pick(ends, valid),
        bytes: column.values,
      };
    }
    case 'DOUBLE':
    case 'INT64':
    case 'TIMESTAMP': {
      const words = new Int32Array(column.values.buffer, column.values.byteOffset, rows * 2);
      return {
        kind: 'words',
        count,
        words: validity === null ? words : denseWords(words, validity, rows, count),
      };
    }
    default:
      return column satisfies never;
  }
}

/** The row numbers of the set bits. */
export function denseRows(validity: Uint8Array, rows: number, count: number): Int32Array {
  const out = new Int32Array(count);
  let at = 0;
  for (let i = 0, row = 0; row < rows; i++, row += 8) {
    let bits = validity[i] ?? 0;
    if (row + 8 > rows) bits &= (1 << (rows - row)) - 1;
    for (; bits !== 0; bits &= bits - 1) out[at++] = row + 31 - Math.clz32(bits & -bits);
  }
  return out;
}

function denseWords(words: Int32Array, validity: Uint8Array, rows: number, count: number): Int32Array {
  const out = new Int32Array(count * 2);
  let at = 0;
  for (let i = 0, row = 0; row < rows; i++, row += 8) {
    let bits = validity[i] ?? 0;
    if (row + 8 > rows) bits &= (1 << (rows - row)) - 1;
    if (bits === 0xff) {
      for (let from = row * 2, end = from + 16; from < end; from++) out[at++] = words[from] ?? 0;
      continue;
    }
    for (; bits !== 0; bits &= bits - 1) {
      const from = (row + 31 - Math.clz32(bits & -bits)) * 2;
      out[at] = words[from] ?? 0;
      out[at + 1] = words[from + 1] ?? 0;
      at += 2;
    }
  }
  return out;
}

/** The bits after the last value are undefined, as in Arrow. */
function denseBits(values: Uint8Array, validity: Uint8Array | null, rows: number, count: number): Uint8Array {
  if (validity === null) return values.subarray(0, (rows + 7) >> 3);
  const out = new Uint8Array((count + 7) >> 3);
  const valid = denseRows(validity, rows, count);
  for (let i = 0; i < count; i++) {
    const row = valid[i] ?? 0;
    const bit = ((values[row >> 3] ?? 0) >> (row & 7)) & 1;
    out[i >> 3] = (out[i >> 3] ?? 0) | (bit << (i & 7));
  }
  return out;
}

function pick(from: Int32Array, rows: Int32Array): Int32Array {
  const out = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = from[rows[i] ?? 0] ?? 0;
  return out;
}

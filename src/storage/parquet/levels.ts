import { bitsAt, countSet, orBits, runLength, setRange } from './bit-runs.js';
import { putVarint } from './compact-writer.js';
import { corrupt } from './corrupt.js';
import { ByteCursor } from './byte-cursor.js';

/**
 * Encodes the definition levels of rows [from, to) as a data page holds them: a u32 length and
 * RLE/bit-packed runs of one bit. `from` is a multiple of 8; no bitmap means that every row has a
 * value.
 *
 * The runs are chosen as in parquet-cpp, from the end of the last run and not only at whole bytes,
 * so that sparse columns are no larger; its bit-packed runs end after 504 levels, ours do not.
 */
export function encodeLevels(validity: Uint8Array | null, from: number, to: number): Uint8Array {
  const rows = to - from;
  if (validity === null) return encodeConstantLevels(1, rows);
  const bits = validity.subarray(from >> 3, (to + 7) >> 3);
  // The worst case is runs of eight, packed and repeated in turn: two bytes each.
  const out = new Uint8Array(4 + 2 * ((rows >> 3) + 1) + 16);
  let at = 4;
  let packedFrom = 0;
  let row = 0;
  while (row < rows) {
    const eight = bitsAt(bits, row);
    if ((eight === 0 || eight === 0xff) && row + 8 <= rows) {
      at = putPacked(out, at, bits, packedFrom, row);
      const run = runLength(bits, row, rows, eight & 1);
      at = putVarint(out, at, run << 1);
      out[at++] = eight & 1;
      row += run;
      packedFrom = row;
    } else {
      row += 8;
    }
  }
  at = putPacked(out, at, bits, packedFrom, rows);
  return withLength(out, at);
}

/** The definition levels of a page whose rows all have a value (`level` 1) or all lack one (0). */
export function encodeConstantLevels(level: 0 | 1, rows: number): Uint8Array {
  const out = new Uint8Array(10);
  if (rows === 0) return withLength(out, 4);
  const at = putVarint(out, 4, rows << 1);
  out[at] = level;
  return withLength(out, at + 1);
}

/**
 * Decodes definition levels at the cursor into bits [from, from + rows) of `validity`, which are
 * zero; returns the number of bits set.
 *
 * @throws ExpmanError `CORRUPT`
 */
export function decodeLevels(cursor: ByteCursor, validity: Uint8Array, from: number, rows: number): number {
  const runs = new ByteCursor(cursor.read(cursor.u32()));
  for (let row = 0; row < rows;) {
    const header = runs.varint();
    const packed = (header & 1) === 1;
    const count = (header >>> 1) * (packed ? 8 : 1);
    // Only the last packed run may be longer than the rows, by its padding.
    if (count === 0 || row + count > rows + (packed ? 7 : 0))
      throw corrupt('a run of definition levels has a wrong length');
    if (packed) {
      for (const byte of runs.read(count / 8)) {
        const bits = rows - row < 8 ? byte & ((1 << (rows - row)) - 1) : byte;
        orBits(validity, from + row, bits);
        row += 8;
      }
    } else {
      const level = runs.u8();
      if (level > 1) throw corrupt('a definition level is above 1');
      if (level === 1) setRange(validity, from + row, from + row + count);
      row += count;
    }
  }
  const first = from & ~7;
  return countSet(validity, first, from + rows) - countSet(validity, first, from);
}

/** One bit-packed run of the levels [from, to), padded with zeros to whole bytes. */
function putPacked(out: Uint8Array, at: number, bits: Uint8Array, from: number, to: number): number {
  if (from >= to) return at;
  const groups = (to - from + 7) >> 3;
  at = putVarint(out, at, (groups << 1) | 1);
  if ((from & 7) === 0) out.set(bits.subarray(from >> 3, (from >> 3) + groups), at);
  else for (let i = 0; i < groups; i++) out[at + i] = bitsAt(bits, from + 8 * i);
  at += groups;
  const rest = (to - from) & 7;
  if (rest !== 0) out[at - 1] = (out[at - 1] ?? 0) & ((1 << rest) - 1);
  return at;
}

function withLength(out: Uint8Array, end: number): Uint8Array {
  new DataView(out.buffer).setUint32(0, end - 4, true);
  return out.subarray(0, end);
}

import type { ByteCursor } from './byte-cursor.js';
import { putVarint } from './compact-writer.js';
import { corrupt } from './corrupt.js';

/**
 * The number of bits of an index into a dictionary of `size` entries; 1 for a single entry, as in
 * parquet-cpp.
 */
export function indexWidth(size: number): number {
  return Math.max(1, 32 - Math.clz32(size - 1));
}

/**
 * Encodes the dictionary indices [from, to) as a data page holds them: the width, then RLE runs for
 * eight or more equal indices, and bit-packed runs elsewhere.
 */
export function encodeIndices(indices: Int32Array, from: number, to: number, width: number): Uint8Array {
  const groups = ((to - from) >> 3) + 1;
  const out = Buffer.allocUnsafeSlow(groups * (width + 6) + 16);
  out[0] = width;
  let at = 1;
  let packedFrom = from;
  let next = from;
  while (next + 8 <= to) {
    const run = equalFrom(indices, next, to);
    if (run < 8) {
      next += 8;
      continue;
    }
    at = putPacked(out, at, indices, packedFrom, next, width);
    at = putVarint(out, at, run << 1);
    const value = indices[next] ?? 0;
    for (let shift = 0; shift < width; shift += 8) out[at++] = value >>> shift;
    next += run;
    packedFrom = next;
  }
  at = putPacked(out, at, indices, packedFrom, to, width);
  return out.subarray(0, at);
}

/**
 * Decodes `count` indices at the cursor, each below `size`.
 *
 * @throws ExpmanError `CORRUPT`
 */
export function decodeIndices(cursor: ByteCursor, count: number, size: number): Int32Array {
  const out = new Int32Array(count);
  if (count === 0) return out;
  const width = cursor.u8();
  if (width === 0 || width > 25)
    throw corrupt('dictionary indices have a width that this package never writes');
  for (let at = 0; at < count;) {
    const header = cursor.varint();
    const packed = (header & 1) === 1;
    const run = (header >>> 1) * (packed ? 8 : 1);
    if (run === 0 || at + run > count + (packed ? 7 : 0))
      throw corrupt('a run of dictionary indices has a wrong length');
    if (packed) {
      unpack(cursor.read((run / 8) * width), out, at, width);
    } else {
      let value = 0;
      for (let shift = 0; shift < width; shift += 8) value |= cursor.u8() << shift;
      out.fill(value, at, at + run);
    }
    at += run;
  }
  for (let i = 0; i < count; i++) {
    if ((out[i] ?? 0) >>> 0 >= size) throw corrupt('a dictionary index is beyond the dictionary');
  }
  return out;
}

function equalFrom(indices: Int32Array, from: number, to: number): number {
  const value = indices[from];
  let next = from + 1;
  while (next < to && indices[next] === value) next++;
  return next - from;
}

/** One bit-packed run of the indices [from, to), padded with zeros to a multiple of eight. */
function putPacked(
  out: Uint8Array,
  start: number,
  indices: Int32Array,
  from: number,
  to: number,
  width: number,
): number {
  if (from >= to) return start;
  const groups = (to - from + 7) >> 3;
  let at = putVarint(out, start, (groups << 1) | 1);
  const end = at + groups * width;
  let bits = 0;
  let used = 0;
  for (let i = from; i < to; i++) {
    // At most 7 bits wait here, and a width is at most 24: they fit one word.
    bits |= (indices[i] ?? 0) << used;
    used += width;
    while (used >= 8) {
      out[at++] = bits;
      bits >>>= 8;
      used -= 8;
    }
  }
  while (at < end) {
    out[at++] = bits;
    bits = 0;
  }
  return end;
}

function unpack(bytes: Uint8Array, out: Int32Array, from: number, width: number): void {
  const mask = (1 << width) - 1;
  const end = Math.min(out.length, from + (bytes.length * 8) / width);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = from; i < end; i++) {
    while (held < width) {
      bits |= (bytes[at++] ?? 0) << held;
      held += 8;
    }
    out[i] = bits & mask;
    bits >>>= width;
    held -= width;
  }
}

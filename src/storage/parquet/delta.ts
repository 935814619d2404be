import type { ByteCursor } from './byte-cursor.js';
import { putVarint, putZigZag64 } from './compact-writer.js';
import { corrupt } from './corrupt.js';

const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;
const TWO_32 = 4294967296;
/**
 * Deltas within this differ from each other by less than 2^53, so that all of it is exact in
 * doubles.
 *
 * @bound loses nothing: other values are written in another encoding, and read as CORRUPT
 */
const MAX_DELTA = 2 ** 52 - 1;
/**
 * The size of the largest block: minimum, widths, 53 bits a value; and the page's first bytes.
 *
 * @bound loses nothing: the room allocated for a block
 */
const MAX_BLOCK_BYTES = 10 + MINIBLOCKS + (BLOCK * 53) / 8;
/** @bound loses nothing: the room allocated for a header */
const MAX_HEADER_BYTES = 24;

let scratch = new Uint8Array(1 << 16);
const deltas = new Float64Array(BLOCK);
const narrow = new Int32Array(BLOCK);
const mosts = new Int32Array(MINIBLOCKS);
/** The smallest step of the block written last. */
let leastStep = 0;

/** Integers in DELTA_BINARY_PACKED, and whether they never decrease. */
export interface DeltaValues {
  readonly bytes: Uint8Array;
  readonly isAscending: boolean;
}

/**
 * Encodes the 64-bit integers [from, to), given as (low, high) words, as DELTA_BINARY_PACKED in
 * blocks of 128.
 *
 * Returns null, so that the caller picks another encoding, if a value is beyond 2^53 or a step
 * beyond 2^52, or if the result would not be smaller than PLAIN. Takes 3 to 5 ns a value: blocks
 * whose steps fit 32 bits, nearly all of them, are computed in integers, the others in doubles;
 * BigInt is 20 times slower.
 */
export function encodeDelta(words: Int32Array, from: number, to: number): DeltaValues | null {
  const count = to - from;
  const bound = MAX_HEADER_BYTES + Math.ceil(count / BLOCK) * MAX_BLOCK_BYTES;
  if (scratch.length < bound) scratch = new Uint8Array(bound);
  const out = scratch;
  let at = putVarint(out, 0, BLOCK);
  at = putVarint(out, at, MINIBLOCKS);
  at = putVarint(out, at, count);
  if (count > 0 && !isSafe(words[from * 2 + 1] ?? 0)) return null;
  at = putZigZag64(out, at, count === 0 ? 0 : valueAt(words, from));
  let isAscending = true;
  for (let next = from + 1; next < to; next += BLOCK) {
    const end = Math.min(next + BLOCK, to);
    const after = putNarrowBlock(out, at, words, next, end);
    at = after === 0 ? putWideBlock(out, at, words, next, end) : after;
    if (at === 0) return null;
    isAscending &&= leastStep >= 0;
  }
  return at < count * 8 ? { bytes: out.slice(0, at), isAscending } : null;
}

/**
 * Decodes `count` integers at the cursor into (low, high) words.
 *
 * @throws ExpmanError `CORRUPT`, also for valid encodings that {@link encodeDelta} never writes
 */
export function decodeDelta(cursor: ByteCursor, count: number): Int32Array {
  if (cursor.varint() !== BLOCK || cursor.varint() !== MINIBLOCKS || cursor.varint() !== count) {
    throw corrupt('a delta-encoded page has a wrong layout');
  }
  const words = new Int32Array(count * 2);
  let value = cursor.zigZag64();
  if (count > 0) putWords(words, 0, value);
  for (let next = 1; next < count;) {
    const min = cursor.zigZag64();
    const widths = cursor.read(MINIBLOCKS);
    for (let m = 0; m < MINIBLOCKS && next < count; m++) {
      const width = widths[m] ?? 0;
      if (width > 53) throw corrupt('a delta is wider than 53 bits');
      const bytes = cursor.read((MINIBLOCK * width) / 8);
      const end = Math.min(next + MINIBLOCK, count);
      for (let bit = 0; next < end; bit += width) {
        const delta = min + bitsOf(bytes, bit, width);
        value += delta;
        // A longer step might be rounded, and then so would the value it leads to.
        if (delta > MAX_DELTA || delta < -MAX_DELTA || !Number.isSafeInteger(value))
          throw corrupt('a delta-encoded value is beyond 2^53, or a step beyond 2^52');
        putWords(words, next++, value);
      }
    }
  }
  return words;
}

/**
 * Writes the steps to the values [from, to) as one block; returns 0 if one of them does not fit 32
 * bits.
 */
function putNarrowBlock(out: Uint8Array, start: number, words: Int32Array, from: number, to: number): number {
  const high = words[from * 2 - 1] ?? 0;
  let low = words[from * 2 - 2] ?? 0;
  let min = 0x7fffffff;
  let max = -0x80000000;
  let highs = 0;
  let wrong = 0;
  for (let m = 0, i = from; m < MINIBLOCKS; m++) {
    let most = -0x80000000;
    for (const end = Math.min(i + MINIBLOCK, to); i < end; i++) {
      const next = words[i * 2] ?? 0;
      highs |= (words[i * 2 + 1] ?? 0) ^ high;
      // The difference modulo 2^32 is the difference itself if its sign bit is the borrow of the
      // unsigned subtraction.
      const delta = (next - low) | 0;
      wrong |= ((~next & low) | ((~next | low) & delta)) ^ delta;
      low = next;
      narrow[i - from] = delta;
      if (delta < min) min = delta;
      if (delta > most) most = delta;
    }
    mosts[m] = most;
    if (most > max) max = most;
  }
  // The high words change once in 71 minutes of microseconds.
  if (highs !== 0 || wrong < 0 || !isSafe(high)) return 0;
  leastStep = min;
  let at = putZigZag64(out, start, min);
  const widths = at;
  at += MINIBLOCKS;
  out.fill(0, widths, at);
  // Equal steps, as of a plain counter, need no bits at all.
  if (min === max) return at;
  narrow.fill(min, to - from);
  for (let m = 0; m * MINIBLOCK < to - from; m++) {
    const width = 32 - Math.clz32((mosts[m] ?? 0) - min);
    out[widths + m] = width;
    if (width > 0) at = packNarrow(out, at, m * MINIBLOCK, min, width);
  }
  return at;
}

/** Like {@link putNarrowBlock}, for steps of any size; returns 0 if doubles would not be exact. */
function putWideBlock(out: Uint8Array, start: number, words: Int32Array, from: number, to: number): number {
  let value = valueAt(words, from - 1);
  let min = MAX_DELTA;
  let max = -MAX_DELTA;
  for (let i = from; i < to; i++) {
    if (!isSafe(words[i * 2 + 1] ?? 0)) return 0;
    const current = valueAt(words, i);
    const delta = current - value;
    value = current;
    deltas[i - from] = delta;
    if (delta < min) min = delta;
    if (delta > max) max = delta;
  }
  if (min < -MAX_DELTA || max > MAX_DELTA) return 0;
  leastStep = min;
  let at = putZigZag64(out, start, min);
  const widths = at;
  at += MINIBLOCKS;
  out.fill(0, widths, at);
  deltas.fill(min, to - from);
  for (let m = 0; m < MINIBLOCKS; m++) {
    let most = 0;
    for (let i = m * MINIBLOCK; i < (m + 1) * MINIBLOCK; i++) most = Math.max(most, (deltas[i] ?? 0) - min);
    const width = most < TWO_32 ? 32 - Math.clz32(most) : 64 - Math.clz32(most / TWO_32);
    out[widths + m] = width;
    at = packWide(out, at, m * MINIBLOCK, min, width);
  }
  return at;
}

/** Packs 32 steps minus the smallest one, in at most 32 bits each, a 32-bit word at a time. */
function packNarrow(out: Uint8Array, at: number, from: number, min: number, width: number): number {
  // Two small steps are packed as one, which halves the iterations.
  const together = width <= 16 ? 2 : 1;
  const size = together * width;
  let bits = 0;
  let used = 0;
  for (let i = from; i < from + MINIBLOCK; i += together) {
    let value = ((narrow[i] ?? 0) - min) | 0;
    if (together === 2) value |= ((narrow[i + 1] ?? 0) - min) << width;
    bits |= value << used;
    used += size;
    if (used < 32) continue;
    out[at] = bits;
    out[at + 1] = bits >>> 8;
    out[at + 2] = bits >>> 16;
    out[at + 3] = bits >>> 24;
    at += 4;
    used -= 32;
    // A shift by 32 would be a shift by 0, hence the case without a remainder.
    bits = used === 0 ? 0 : value >>> (size - used);
  }
  return at;
}

/** Packs 32 steps minus the smallest one, in at most 53 bits each, byte by byte. */
function packWide(out: Uint8Array, at: number, from: number, min: number, width: number): number {
  let bits = 0;
  let used = 0;
  for (let i = from; i < from + MINIBLOCK; i++) {
    let rest = (deltas[i] ?? 0) - min;
    for (let left = width; left > 0; left -= 16) {
      // Fewer than 8 bits wait, 16 more are added: they fit one word. The value's own bits end
      // before its width does.
      bits |= (rest % 65536) << used;
      rest = Math.floor(rest / 65536);
      used += Math.min(left, 16);
      while (used >= 8) {
        out[at++] = bits;
        bits >>>= 8;
        used -= 8;
      }
    }
  }
  return at;
}

/** The `width` bits from bit `from` on, as a double. */
function bitsOf(bytes: Uint8Array, from: number, width: number): number {
  let value = 0;
  let scale = 1;
  for (let bit = from, end = from + width; bit < end;) {
    const size = Math.min(8 - (bit & 7), end - bit);
    value += (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & ((1 << size) - 1)) * scale;
    scale *= 1 << size;
    bit += size;
  }
  return value;
}

function isSafe(high: number): boolean {
  return high > -0x200000 && high < 0x200000;
}

function valueAt(words: Int32Array, index: number): number {
  return (words[index * 2 + 1] ?? 0) * TWO_32 + ((words[index * 2] ?? 0) >>> 0);
}

function putWords(words: Int32Array, index: number, value: number): void {
  words[index * 2] = value;
  words[index * 2 + 1] = Math.floor(value / TWO_32);
}

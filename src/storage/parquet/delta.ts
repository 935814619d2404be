import type { ByteCursor } from './byte-cursor.js';
import { putVarint, putZigZag64 } from './compact-writer.js';
import { corrupt } from './corrupt.js';

const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;
const TWO_32 = 4294967296;
/** Deltas within this differ from each other by less than 2^53, so that all of it is exact in doubles. */
const MAX_DELTA = 2 ** 52 - 1;
/** A block at its worst: minimum, widths, 53 bits a value; and the page's first bytes. */
const MAX_BLOCK_BYTES = 10 + MINIBLOCKS + (BLOCK * 53) / 8;
const MAX_HEADER_BYTES = 24;

let scratch = new Uint8Array(1 << 16);
const deltas = new Float64Array(BLOCK);

/**
 * Encodes the 64-bit integers [from, to), given as (low, high) words, as DELTA_BINARY_PACKED in blocks of 128.
 *
 * Returns null, for the caller to encode otherwise, where a value is beyond 2^53 or a step beyond 2^52, and where
 * the result would be no smaller than PLAIN. Works in doubles: BigInt makes it 20 times slower.
 */
export function encodeDelta(words: Int32Array, from: number, to: number): Uint8Array | null {
  const count = to - from;
  const bound = MAX_HEADER_BYTES + Math.ceil(count / BLOCK) * MAX_BLOCK_BYTES;
  if (scratch.length < bound) scratch = new Uint8Array(bound);
  const out = scratch;
  let at = putVarint(out, 0, BLOCK);
  at = putVarint(out, at, MINIBLOCKS);
  at = putVarint(out, at, count);
  if (count > 0 && !isSafe(words[from * 2 + 1] ?? 0)) return null;
  let value = count === 0 ? 0 : toDouble(words[from * 2] ?? 0, words[from * 2 + 1] ?? 0);
  at = putZigZag64(out, at, value);
  for (let next = from + 1; next < to;) {
    const end = Math.min(next + BLOCK, to);
    let min = MAX_DELTA;
    let max = -MAX_DELTA;
    for (let i = next; i < end; i++) {
      const high = words[i * 2 + 1] ?? 0;
      if (!isSafe(high)) return null;
      const current = toDouble(words[i * 2] ?? 0, high);
      const delta = current - value;
      value = current;
      deltas[i - next] = delta;
      if (delta < min) min = delta;
      if (delta > max) max = delta;
    }
    if (min < -MAX_DELTA || max > MAX_DELTA) return null;
    at = putBlock(out, at, end - next, min, max);
    next = end;
  }
  return at < count * 8 ? out.slice(0, at) : null;
}

/**
 * Decodes `count` integers at the cursor into (low, high) words.
 *
 * @throws ExpmanError `CORRUPT`, also for anything legal that {@link encodeDelta} never writes
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
    const widths = cursor.take(MINIBLOCKS);
    for (let m = 0; m < MINIBLOCKS && next < count; m++) {
      const width = widths[m] ?? 0;
      if (width > 53) throw corrupt('a delta is wider than 53 bits');
      const bytes = cursor.take((MINIBLOCK * width) / 8);
      const end = Math.min(next + MINIBLOCK, count);
      for (let bit = 0; next < end; bit += width) {
        value += min + bitsOf(bytes, bit, width);
        if (!Number.isSafeInteger(value)) throw corrupt('a delta-encoded value is beyond 2^53');
        putWords(words, next++, value);
      }
    }
  }
  return words;
}

function putBlock(out: Uint8Array, start: number, count: number, min: number, max: number): number {
  let at = putZigZag64(out, start, min);
  const widths = at;
  at += MINIBLOCKS;
  out.fill(0, widths, at);
  // Steps that are all the same, as of a plain counter, need no bits at all.
  if (min === max) return at;
  for (let m = 0, from = 0; from < count; m++, from += MINIBLOCK) {
    const end = Math.min(from + MINIBLOCK, count);
    let most = 0;
    for (let i = from; i < end; i++) {
      const rest = (deltas[i] ?? 0) - min;
      deltas[i] = rest;
      if (rest > most) most = rest;
    }
    const width = most < TWO_32 ? 32 - Math.clz32(most) : 64 - Math.clz32(most / TWO_32);
    out[widths + m] = width;
    if (width === 0) continue;
    const after = at + (MINIBLOCK * width) / 8;
    if (end - from < MINIBLOCK) deltas.fill(0, end, from + MINIBLOCK);
    if (width <= 32) packNarrow(out, at, from, width);
    else packWide(out, at, from, width);
    at = after;
  }
  return at;
}

/** Packs 32 deltas of at most 32 bits, a 32-bit word at a time. */
function packNarrow(out: Uint8Array, at: number, from: number, width: number): void {
  let bits = 0;
  let used = 0;
  for (let i = from; i < from + MINIBLOCK; i++) {
    const value = deltas[i] ?? 0;
    bits |= value << used;
    used += width;
    if (used < 32) continue;
    out[at] = bits;
    out[at + 1] = bits >>> 8;
    out[at + 2] = bits >>> 16;
    out[at + 3] = bits >>> 24;
    at += 4;
    used -= 32;
    // A shift by 32 would be one by 0, hence the case of nothing left over.
    bits = used === 0 ? 0 : value >>> (width - used);
  }
}

/** Packs 32 deltas of 33 to 53 bits, byte by byte. */
function packWide(out: Uint8Array, at: number, from: number, width: number): void {
  let bits = 0;
  let used = 0;
  for (let i = from; i < from + MINIBLOCK; i++) {
    let rest = deltas[i] ?? 0;
    for (let left = width; left > 0;) {
      const size = Math.min(left, 16);
      // Less than 8 bits wait, 16 more come: they fit one word.
      bits |= ((rest % 65536) & ((1 << size) - 1)) << used;
      rest = Math.floor(rest / 65536);
      left -= size;
      used += size;
      while (used >= 8) {
        out[at++] = bits;
        bits >>>= 8;
        used -= 8;
      }
    }
  }
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

function toDouble(low: number, high: number): number {
  return high * TWO_32 + (low >>> 0);
}

function putWords(words: Int32Array, index: number, value: number): void {
  words[index * 2] = value;
  words[index * 2 + 1] = Math.floor(value / TWO_32);
}

import type { ColumnType } from '../../columnar/column.js';
import type { Dense, Strings } from './dense.js';

/** The smallest and the largest value of a chunk, PLAIN-encoded; null if left out. */
export interface Bounds {
  readonly min: Uint8Array | null;
  readonly max: Uint8Array | null;
}

const NO_BOUNDS: Bounds = { min: null, max: null };
/**
 * Longer strings make the footer large and hardly help a filter.
 *
 * @bound loses nothing: a chunk without bounds is read where one with bounds might be skipped
 */
const MAX_STRING_BOUND = 64;

/**
 * Finds the bounds by which engines may skip a chunk; a chunk without values, or of doubles with a
 * NaN, has none.
 */
export function boundsOf(type: ColumnType, dense: Dense): Bounds {
  if (dense.count === 0) return NO_BOUNDS;
  switch (dense.kind) {
    case 'bits':
      return bitBounds(dense.bits, dense.count);
    case 'strings':
      return stringBounds(dense);
    case 'words':
      return type === 'DOUBLE'
        ? doubleBounds(dense.words, dense.count)
        : integerBounds(dense.words, dense.count);
    default:
      return dense satisfies never;
  }
}

/** DuckDB and pyarrow skip rows with a NaN if bounds are given, so a chunk with a NaN gets none. */
function doubleBounds(words: Int32Array, count: number): Bounds {
  const values = toDoubles(words, count);
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? 0;
    if (value < min) min = value;
    if (value > max) max = value;
    // NaN is neither less nor greater than anything, so it needs its own test.
    if (value !== value) return NO_BOUNDS;
  }
  // The specification's rule: engines compare zeros differently, so either bound includes both.
  return { min: doubleBytes(min === 0 ? -0 : min), max: doubleBytes(max === 0 ? 0 : max) };
}

/**
 * Compares words, the high one first and then the low one unsigned: exact for every int64 and
 * without BigInt.
 */
function integerBounds(words: Int32Array, count: number): Bounds {
  let minLow = words[0] ?? 0;
  let minHigh = words[1] ?? 0;
  let maxLow = minLow;
  let maxHigh = minHigh;
  for (let i = 1; i < count; i++) {
    const low = words[i * 2] ?? 0;
    const high = words[i * 2 + 1] ?? 0;
    if (high < minHigh || (high === minHigh && low >>> 0 < minLow >>> 0)) {
      minLow = low;
      minHigh = high;
    } else if (high > maxHigh || (high === maxHigh && low >>> 0 > maxLow >>> 0)) {
      maxLow = low;
      maxHigh = high;
    }
  }
  return {
    min: new Uint8Array(Int32Array.of(minLow, minHigh).buffer),
    max: new Uint8Array(Int32Array.of(maxLow, maxHigh).buffer),
  };
}

function bitBounds(bits: Uint8Array, count: number): Bounds {
  const whole = count >> 3;
  const rest = (1 << (count & 7)) - 1;
  let any = (bits[whole] ?? 0) & rest;
  let all = any === rest;
  for (let i = 0; i < whole; i++) {
    any |= bits[i] ?? 0;
    all &&= bits[i] === 0xff;
  }
  return { min: Uint8Array.of(all ? 1 : 0), max: Uint8Array.of(any === 0 ? 0 : 1) };
}

/** Compares by unsigned bytes, which is the order of the code points. */
function stringBounds({ count, starts, ends, bytes }: Strings): Bounds {
  let min = 0;
  let max = 0;
  for (let i = 1; i < count; i++) {
    if (isLess(bytes, starts[i] ?? 0, ends[i] ?? 0, starts[min] ?? 0, ends[min] ?? 0)) min = i;
    else if (isLess(bytes, starts[max] ?? 0, ends[max] ?? 0, starts[i] ?? 0, ends[i] ?? 0)) max = i;
  }
  const least = Uint8Array.from(bytes.subarray(starts[min], ends[min]));
  const greatest = Uint8Array.from(bytes.subarray(starts[max], ends[max]));
  if (least.length > MAX_STRING_BOUND || greatest.length > MAX_STRING_BOUND) return NO_BOUNDS;
  return { min: least, max: greatest };
}

function isLess(
  bytes: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  const length = Math.min(end - start, otherEnd - otherStart);
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i] ?? 0;
    const other = bytes[otherStart + i] ?? 0;
    if (byte !== other) return byte < other;
  }
  return end - start < otherEnd - otherStart;
}

function toDoubles(words: Int32Array, count: number): Float64Array {
  return new Float64Array(words.buffer, words.byteOffset, count);
}

function doubleBytes(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer);
}

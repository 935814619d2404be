import { ByteCursor } from './byte-cursor.js';
import { corrupt } from './corrupt.js';

/**
 * The greatest expansion: Snappy's longest copy, 64 bytes, takes three bytes.
 *
 * @bound refuses: CORRUPT
 */
const MAX_EXPANSION = 22;
/** Below this many bytes a loop is faster than a call that copies them. */
const SHORT = 32;

/**
 * Uncompresses a Snappy block of `size` bytes.
 *
 * The package's own decoder, and hyparquet's, read a literal's 32-bit length as signed: six bytes
 * make them loop for ever. Here every element makes progress in the input and stays within the
 * output.
 *
 * @throws ExpmanError `CORRUPT`
 */
export function uncompressSnappy(stored: Uint8Array, size: number): Uint8Array {
  if (size > stored.length * MAX_EXPANSION) throw corrupt('a page claims to expand more than Snappy can');
  const cursor = new ByteCursor(stored);
  if (cursor.varint() !== size) throw corrupt('a compressed page is not as long as its header says');
  const out = new Uint8Array(size);
  let next = stored.length - cursor.left;
  let at = 0;
  while (next < stored.length) {
    const tag = stored[next++] ?? 0;
    const kind = tag & 3;
    // The number of bytes of a length or offset that follow; bytes past the end read as zero.
    const extra = kind === 0 ? Math.max(0, (tag >>> 2) - 59) : kind === 3 ? 4 : kind;
    const number = extra === 0 ? 0 : littleEndian(stored, next, extra);
    next += extra;
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (kind === 0 && extra > 0 ? number : tag >>> 2) + 1;
    if (length > size - at) throw corrupt('a compressed page expands beyond its size');
    if (kind === 0) {
      if (length > stored.length - next) throw corrupt('a compressed page ends too early');
      if (length < SHORT) for (let i = 0; i < length; i++) out[at + i] = stored[next + i] ?? 0;
      else out.set(stored.subarray(next, next + length), at);
      next += length;
    } else {
      const offset = kind === 1 ? ((tag >>> 5) << 8) | number : number;
      if (offset === 0 || offset > at) throw corrupt('a compressed page refers to bytes before it');
      // Byte by byte: a copy may overlap its own output, which repeats it.
      for (let i = at, end = at + length; i < end; i++) out[i] = out[i - offset] ?? 0;
    }
    at += length;
  }
  if (at !== size || next !== stored.length) throw corrupt('a compressed page ends too early');
  return out;
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
  return value >>> 0;
}

import { ByteCursor } from './byte-cursor.js';
import { corrupt } from './corrupt.js';

/** Snappy's longest copy, 64 bytes, takes three bytes; nothing expands more. */
const MAX_EXPANSION = 22;

/**
 * Uncompresses a Snappy block of `size` bytes.
 *
 * The package's own decoder, and hyparquet's, take a literal's 32-bit length as signed: six bytes send them back to
 * where they were, for ever. Here every element makes progress in the input and stays within the output.
 *
 * @throws ExpmanError `CORRUPT`
 */
export function uncompressSnappy(stored: Uint8Array, size: number): Uint8Array {
  if (size > stored.length * MAX_EXPANSION) throw corrupt('a page claims to expand more than Snappy can');
  const cursor = new ByteCursor(stored);
  if (cursor.varint() !== size) throw corrupt('a compressed page is not as long as its header says');
  const out = new Uint8Array(size);
  let at = 0;
  while (cursor.left > 0) {
    const tag = cursor.u8();
    const isLiteral = (tag & 3) === 0;
    const length = isLiteral ? literalLength(cursor, tag) : copyLength(tag);
    if (length > size - at) throw corrupt('a compressed page expands beyond its size');
    if (isLiteral) out.set(cursor.take(length), at);
    else copyBack(out, at, copyOffset(cursor, tag), length);
    at += length;
  }
  if (at !== size) throw corrupt('a compressed page ends too early');
  return out;
}

function literalLength(cursor: ByteCursor, tag: number): number {
  const short = tag >>> 2;
  return short < 60 ? short + 1 : littleEndian(cursor, short - 59) + 1;
}

function copyLength(tag: number): number {
  return (tag & 3) === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
}

function copyOffset(cursor: ByteCursor, tag: number): number {
  if ((tag & 3) === 1) return ((tag >>> 5) << 8) | cursor.u8();
  return littleEndian(cursor, (tag & 3) === 2 ? 2 : 4);
}

function littleEndian(cursor: ByteCursor, bytes: number): number {
  let value = 0;
  for (let shift = 0; shift < bytes * 8; shift += 8) value |= cursor.u8() << shift;
  return value >>> 0;
}

/** Copies byte by byte: a copy may overlap what it writes, which repeats it. */
function copyBack(out: Uint8Array, at: number, offset: number, length: number): void {
  if (offset === 0 || offset > at) throw corrupt('a compressed page refers to bytes before it');
  for (let i = at, end = at + length; i < end; i++) out[i] = out[i - offset] ?? 0;
}

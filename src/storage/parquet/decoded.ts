import type { ColumnType } from '../../columnar/column.js';
import type { ByteCursor } from './byte-cursor.js';
import { corrupt } from './corrupt.js';
import { MAX_EXPANDED_BYTES } from './dictionary.js';

/**
 * Decoded values without the null rows; the counterpart of `Dense` with Arrow's offsets, in its own
 * buffers.
 */
export type Values =
  | { readonly kind: 'words'; readonly count: number; readonly words: Int32Array }
  | { readonly kind: 'bits'; readonly count: number; readonly bits: Uint8Array }
  | {
      readonly kind: 'strings';
      readonly count: number;
      readonly offsets: Int32Array;
      readonly bytes: Uint8Array;
    };

/** An empty list of values of a type. */
export function emptyValues(type: ColumnType): Values {
  if (type === 'UTF8')
    return { kind: 'strings', count: 0, offsets: new Int32Array(1), bytes: new Uint8Array(0) };
  if (type === 'BOOLEAN') return { kind: 'bits', count: 0, bits: new Uint8Array(0) };
  return { kind: 'words', count: 0, words: new Int32Array(0) };
}

/** Decodes `count` PLAIN values at the cursor; a count beyond the bytes left is `CORRUPT`. */
export function decodePlain(type: ColumnType, cursor: ByteCursor, count: number): Values {
  if (type === 'BOOLEAN') {
    return { kind: 'bits', count, bits: Uint8Array.from(cursor.read(Math.ceil(count / 8))) };
  }
  if (type !== 'UTF8') {
    const words = new Uint8Array(cursor.read(count * 8));
    return { kind: 'words', count, words: new Int32Array(words.buffer) };
  }
  // Each takes four bytes of length: checked before the offsets are allocated.
  if (count * 4 > cursor.left) throw corrupt('a page ends too early');
  const offsets = new Int32Array(count + 1);
  const bytes = new Uint8Array(cursor.left - count * 4);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const value = cursor.read(cursor.u32());
    if (at + value.length > bytes.length) throw corrupt('a page ends too early');
    bytes.set(value, at);
    at += value.length;
    offsets[i + 1] = at;
  }
  return { kind: 'strings', count, offsets, bytes: bytes.subarray(0, at) };
}

/** The dictionary's entries at the indices, which are within it. */
export function lookUp(dictionary: Values, indices: Int32Array): Values {
  const count = indices.length;
  if (dictionary.kind === 'bits') throw corrupt('booleans have a dictionary');
  if (dictionary.kind === 'words') {
    const words = new Int32Array(count * 2);
    for (let i = 0; i < count; i++) {
      const entry = (indices[i] ?? 0) * 2;
      words[i * 2] = dictionary.words[entry] ?? 0;
      words[i * 2 + 1] = dictionary.words[entry + 1] ?? 0;
    }
    return { kind: 'words', count, words };
  }
  return gather(dictionary, indices);
}

function gather({ offsets, bytes }: Values & { kind: 'strings' }, indices: Int32Array): Values {
  const count = indices.length;
  const out = new Int32Array(count + 1);
  let length = 0;
  for (let i = 0; i < count; i++) {
    const entry = indices[i] ?? 0;
    length += (offsets[entry + 1] ?? 0) - (offsets[entry] ?? 0);
    if (length > MAX_EXPANDED_BYTES)
      throw corrupt('a dictionary expands to more bytes than this package ever writes');
    out[i + 1] = length;
  }
  const gathered = new Uint8Array(length);
  for (let i = 0; i < count; i++) {
    const entry = indices[i] ?? 0;
    gathered.set(bytes.subarray(offsets[entry], offsets[entry + 1]), out[i]);
  }
  return { kind: 'strings', count, offsets: out, bytes: gathered };
}

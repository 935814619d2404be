import { bitAt, bitmapBytes, setBit, setBits } from './bitmap.js';
import type { Column, ColumnType } from './column.js';
import { columnOfStrings } from './column-of-strings.js';

/** A stretch of rows of one column: a column, or so many rows without a value. */
export type Piece = Column | { readonly type: null; readonly length: number };

/** Puts pieces of one type behind each other; their buffers are copied. */
export function concatColumns(type: ColumnType, pieces: readonly Piece[]): Column {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined && only.type !== null) return only;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const nullCount = pieces.reduce((sum, piece) => sum + (piece.type === null ? piece.length : piece.nullCount), 0);
  const validity = nullCount === 0 ? null : concatValidity(pieces, length);
  const base = { length, nullCount, validity };
  switch (type) {
    case 'DOUBLE':
      return { type, ...base, values: concatValues(pieces, new Float64Array(length), 'DOUBLE') };
    case 'INT64':
    case 'TIMESTAMP':
      return { type, ...base, values: concatValues(pieces, new BigInt64Array(length), type) };
    case 'BOOLEAN':
      return { type, ...base, values: concatBits(pieces, length) };
    case 'UTF8':
      return columnOfStrings(pieces.flatMap(textsOf));
  }
}

function concatValues<T extends Float64Array | BigInt64Array>(pieces: readonly Piece[], into: T, type: ColumnType): T {
  let at = 0;
  for (const piece of pieces) {
    if (piece.type === type && (piece.type === 'DOUBLE' || piece.type === 'INT64' || piece.type === 'TIMESTAMP'))
      (into as { set(values: unknown, at: number): void }).set(piece.values.subarray(0, piece.length), at);
    at += piece.length;
  }
  return into;
}

function concatValidity(pieces: readonly Piece[], length: number): Uint8Array {
  const bitmap = new Uint8Array(bitmapBytes(length));
  let at = 0;
  for (const piece of pieces) {
    if (piece.type !== null && piece.validity === null) setBits(bitmap, at, piece.length);
    else if (piece.type !== null && piece.validity !== null) copyBits(piece.validity, piece.length, bitmap, at);
    at += piece.length;
  }
  return bitmap;
}

function concatBits(pieces: readonly Piece[], length: number): Uint8Array {
  const bitmap = new Uint8Array(bitmapBytes(length));
  let at = 0;
  for (const piece of pieces) {
    if (piece.type === 'BOOLEAN') copyBits(piece.values, piece.length, bitmap, at);
    at += piece.length;
  }
  return bitmap;
}

function copyBits(from: Uint8Array, bits: number, into: Uint8Array, at: number): void {
  if ((at & 7) === 0 && (bits & 7) === 0) into.set(from.subarray(0, bits >> 3), at >> 3);
  else for (let i = 0; i < bits; i++) if (bitAt(from, i)) setBit(into, at + i);
}

function textsOf(piece: Piece): (Uint8Array | null)[] {
  if (piece.type !== 'UTF8') return new Array<null>(piece.length).fill(null);
  return Array.from({ length: piece.length }, (_, row) =>
    piece.validity !== null && !bitAt(piece.validity, row)
      ? null
      : piece.values.subarray(piece.offsets[row], piece.offsets[row + 1]),
  );
}

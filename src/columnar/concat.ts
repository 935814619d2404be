import { bitmapBytes, copyBits, setBits } from './bitmap.js';
import type { Column, ColumnType, TextColumn } from './column.js';
import { halvesOf } from './int64.js';
import { numericCells } from './text-cells.js';

/** A piece of a column: a column, or a number of null rows. */
export type Piece = Column | { readonly type: null; readonly length: number };

/**
 * Concatenates pieces; their buffers are copied, unless there is only one piece.
 *
 * @throws TypeError for a piece of another type
 */
export function concatColumns(type: ColumnType, pieces: readonly Piece[]): Column {
  const stranger = pieces.find((piece) => piece.type !== null && piece.type !== type);
  if (stranger !== undefined)
    throw new TypeError(`a ${String(stranger.type)} piece cannot be added to a ${type} column`);
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined && only.type !== null) return only;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const nullCount = pieces.reduce(
    (sum, piece) => sum + (piece.type === null ? piece.length : piece.nullCount),
    0,
  );
  const validity = nullCount === 0 ? null : concatValidity(pieces, length);
  const base = { length, nullCount, validity };
  switch (type) {
    case 'DOUBLE':
      return { type, ...base, values: new Float64Array(concatHalves(pieces, length)) };
    case 'INT64':
    case 'TIMESTAMP':
      return { type, ...base, values: new BigInt64Array(concatHalves(pieces, length)) };
    case 'BOOLEAN':
      return { type, ...base, values: concatBits(pieces, length) };
    case 'UTF8':
      return { type, ...base, ...concatStrings(pieces, length), ...concatNumeric(pieces, length) };
    default:
      return type satisfies never;
  }
}

function concatHalves(pieces: readonly Piece[], length: number): ArrayBuffer {
  const halves = new Int32Array(length * 2);
  let at = 0;
  for (const piece of pieces) {
    if (piece.type === 'DOUBLE' || piece.type === 'INT64' || piece.type === 'TIMESTAMP')
      halves.set(halvesOf(piece.values).subarray(0, piece.length * 2), at * 2);
    at += piece.length;
  }
  return halves.buffer;
}

function concatValidity(pieces: readonly Piece[], length: number): Uint8Array {
  const bitmap = new Uint8Array(bitmapBytes(length));
  let at = 0;
  for (const piece of pieces) {
    if (piece.type !== null && piece.validity === null) setBits(bitmap, at, piece.length);
    else if (piece.type !== null && piece.validity !== null)
      copyBits(piece.validity, piece.length, bitmap, at);
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

/** Makes a column of null rows. */
export const nullColumn = (type: ColumnType, rows: number): Column =>
  concatColumns(type, [{ type: null, length: rows }]);

/** Finds the cells that are numbers; in a piece marked `'alike'`, those that look like numbers. */
function concatNumeric(pieces: readonly Piece[], length: number): Pick<TextColumn, 'numeric'> {
  const texts = pieces.filter((piece) => piece.type === 'UTF8');
  if (texts.every(({ numeric }) => numeric === undefined)) return {};
  if (texts.every(({ numeric }) => numeric === 'alike')) return { numeric: 'alike' };
  const numeric = new Uint8Array(bitmapBytes(length));
  let at = 0;
  for (const piece of pieces) {
    const bits = piece.type === 'UTF8' ? numericCells(piece) : null;
    if (bits !== null) copyBits(bits, piece.length, numeric, at);
    at += piece.length;
  }
  return { numeric };
}

function concatStrings(
  pieces: readonly Piece[],
  length: number,
): { offsets: Int32Array; values: Uint8Array } {
  const offsets = new Int32Array(length + 1);
  const parts: Uint8Array[] = [];
  let row = 0;
  let end = 0;
  for (const piece of pieces) {
    if (piece.type === 'UTF8') {
      const first = piece.offsets[0] ?? 0;
      for (let i = 1; i <= piece.length; i++) offsets[row + i] = end + (piece.offsets[i] ?? 0) - first;
      parts.push(piece.values.subarray(first, piece.offsets[piece.length]));
    } else {
      offsets.fill(end, row + 1, row + piece.length + 1);
    }
    row += piece.length;
    end = offsets[row] ?? end;
  }
  const values = new Uint8Array(end);
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return { offsets, values };
}

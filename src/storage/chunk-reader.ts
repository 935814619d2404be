import type { Column, ColumnType } from '../columnar/column.js';
import { nullColumn } from '../columnar/concat.js';
import { widenColumn } from '../columnar/widen.js';
import type { FsPort } from './fs-port.js';
import { type PlacedChunk, decodeChunk } from './parquet/index.js';
import { readAll } from './read-all.js';

/** Reads a chunk's bytes. */
export type ChunkReader = (chunk: PlacedChunk) => Uint8Array;

/** Reads the chunks of an open file. */
export function chunkReader(fs: FsPort, file: number, path: string): ChunkReader {
  return ({ offset, length }) => {
    const bytes = new Uint8Array(length);
    readAll(fs, file, bytes, offset, path);
    return bytes;
  };
}

/**
 * Reads a column of a row group as a type that holds its values; without a chunk, all rows are
 * null.
 */
export const readColumn = (
  read: ChunkReader,
  chunk: PlacedChunk | undefined,
  type: ColumnType,
  rows: number,
): Column =>
  chunk === undefined ? nullColumn(type, rows) : widenColumn(decodeChunk(read(chunk), chunk), type);

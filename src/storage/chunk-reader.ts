import type { FsPort } from './fs-port.js';
import type { PlacedChunk } from './parquet/index.js';
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

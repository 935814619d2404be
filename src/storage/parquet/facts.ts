import type { ColumnField, ColumnType } from '../../columnar/column.js';

/** The encodings this package writes and reads. */
export type Encoding = 'PLAIN' | 'RLE' | 'RLE_DICTIONARY' | 'DELTA_BINARY_PACKED';

/** The codecs this package writes and reads. */
export type Codec = 'UNCOMPRESSED' | 'SNAPPY';

/** The contents of an encoded chunk (one column of one row group); all lengths in bytes. */
export interface ChunkFacts {
  readonly type: ColumnType;
  readonly rows: number;
  readonly nullCount: number;
  /** The stored length, page headers included. */
  readonly length: number;
  /** Length of the leading dictionary page with its header; 0 without one. */
  readonly dictionaryLength: number;
  /** The `length` without compression. */
  readonly uncompressedLength: number;
  readonly codec: Codec;
  readonly encodings: readonly Encoding[];
  /** The smallest value, PLAIN-encoded (a string without its length); null if left out. */
  readonly min: Uint8Array | null;
  /** The largest value, PLAIN-encoded (a string without its length); null if left out. */
  readonly max: Uint8Array | null;
  /**
   * The cells of a text column that look like numbers but are texts, in the form of `marksOf`;
   * absent if there are none or it is unknown.
   */
  readonly marks?: string;
}

/** A chunk ready to be written anywhere in a file. */
export interface EncodedChunk {
  readonly bytes: Uint8Array;
  readonly facts: ChunkFacts;
}

/** A chunk and the offset of its first byte in the file. */
export interface PlacedChunk extends ChunkFacts {
  readonly offset: number;
}

/** A row group: one chunk per field in the fields' order, anywhere in the file. */
export interface RowGroup {
  readonly rows: number;
  readonly chunks: readonly PlacedChunk[];
}

/** A range of the file and the CRC-32 (`zlib.crc32`) of its bytes. */
export interface Region {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

/** The metadata of a file. */
export interface FileFooter {
  readonly fields: readonly ColumnField[];
  readonly groups: readonly RowGroup[];
  readonly regions: readonly Region[];
  /** Key-value metadata, without the entries reserved for this folder. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * The most rows a row group may hold. An all-null chunk takes a few bytes whatever its rows, so
 * without a limit a small hostile file could demand any amount of memory; row groups are sealed at
 * a hundredth of it.
 *
 * @bound refuses: CORRUPT when it is read, RangeError when it is written; groups are sealed at a
 * hundredth of it
 */
export const MAX_GROUP_ROWS = 1 << 24;

/**
 * The largest footer written or read: some 800,000 chunks. Parsed it takes up to 20 times as much
 * memory.
 *
 * @bound refuses: CORRUPT when it is read, WRITE_FAILED when it is written
 */
export const MAX_FOOTER_BYTES = 64 * 1024 * 1024;

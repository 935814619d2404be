/**
 * Parquet over bytes: columns become chunks, chunks and a footer become a file, and back. Pure,
 * without a file system; the only folder that uses parquetjs-lite.
 */
export type { EncodedChunk, FileFooter, PlacedChunk, Region, RowGroup } from './facts.js';
export { MAX_FOOTER_BYTES, MAX_GROUP_ROWS } from './facts.js';
export { encodeChunk, encodeNullChunk } from './encode-chunk.js';
export { decodeChunk } from './decode-chunk.js';
export { encodeFooter, MAGIC } from './encode-footer.js';
export { decodeFooter, footerLength } from './decode-footer.js';
export { patchMetadata } from './patch-metadata.js';
export { uncompressSnappy } from './snappy.js';

import { crc32 } from 'node:zlib';
import type { Column, ColumnField } from '../../../src/columnar/column.js';
import { encodeChunk, encodeFooter, encodeNullChunk, MAGIC } from '../../../src/storage/parquet/index.js';
import type { EncodeOptions } from '../../../src/storage/parquet/encode-chunk.js';
import type { EncodedChunk, FileFooter, PlacedChunk } from '../../../src/storage/parquet/index.js';

export interface FileOptions {
  readonly fields: readonly ColumnField[];
  /** Per row group its columns; null stands for a chunk without a single value. */
  readonly groups: readonly (readonly (Column | null)[])[];
  readonly compression?: EncodeOptions['compression'];
  /** Names of the columns to be delta-encoded. */
  readonly delta?: readonly string[];
  /** Writes chunks back to front with gaps between them, null chunks last. */
  readonly scattered?: boolean;
  readonly metadata?: ReadonlyMap<string, string>;
}

/** A whole Parquet file. */
export function fileOf(options: FileOptions): { bytes: Buffer; footer: FileFooter } {
  const { fields, scattered = false, metadata = new Map<string, string>() } = options;
  const places: { group: number; column: number; isNull: boolean; chunk: EncodedChunk }[] = [];
  options.groups.forEach((columns, group) => {
    const rows = columns.find((column) => column !== null)?.length ?? 0;
    fields.forEach(({ name, type }, i) => {
      const column = columns[i] ?? null;
      const encode = {
        delta: options.delta?.includes(name) ?? false,
        compression: options.compression ?? 'none',
      };
      const chunk = column === null ? encodeNullChunk(type, rows) : encodeChunk(column, encode);
      places.push({ group, column: i, isNull: column === null, chunk });
    });
  });
  const order = scattered
    ? [...places].reverse().sort((a, b) => Number(a.isNull) - Number(b.isNull))
    : places;
  const parts: Uint8Array[] = [MAGIC];
  let at = MAGIC.length;
  const chunks: PlacedChunk[][] = options.groups.map(() => []);
  for (const { group, column, chunk } of order) {
    if (scattered) {
      parts.push(Buffer.from('--- a gap ---'));
      at += 13;
    }
    const placed = chunks[group];
    if (placed !== undefined) placed[column] = { ...chunk.facts, offset: at };
    parts.push(chunk.bytes);
    at += chunk.bytes.length;
  }
  const groups = chunks.map((placed) => ({ rows: placed[0]?.rows ?? 0, chunks: placed }));
  const data = Buffer.concat(parts);
  const footer = { fields, groups, regions: [{ offset: 0, length: at, crc: crc32(data) }], metadata };
  return { bytes: Buffer.concat([data, encodeFooter(footer)]), footer };
}

import { crc32 } from 'node:zlib';
import type { Column, ColumnField } from '../../columnar/column.js';
import type { FsPort } from '../../storage/fs-port.js';
import {
  MAGIC,
  type PlacedChunk,
  type Region,
  type RowGroup,
  encodeChunk,
  encodeFooter,
} from '../../storage/parquet/index.js';
import { writeAll } from '../../storage/write-all.js';

/** The content of a temporary Parquet file. */
export interface ParquetContent {
  readonly fields: readonly ColumnField[];
  /** A column per field; each batch becomes a row group, and is not kept. */
  readonly batches: Iterable<readonly Column[]>;
}

/**
 * Writes a new Parquet file for the database, holding one batch at a time in memory.
 *
 * The file is for a reader in this process and deleted after the query: nothing is synced.
 */
export function writeParquet(fs: FsPort, path: string, { fields, batches }: ParquetContent): void {
  const file = fs.open(path, 'create');
  try {
    let end = 0;
    const put = (bytes: Uint8Array): Region => {
      writeAll(fs, file, bytes, end);
      end += bytes.length;
      return { offset: end - bytes.length, length: bytes.length, crc: crc32(bytes) };
    };
    put(MAGIC);
    const groups: RowGroup[] = [];
    const regions: Region[] = [];
    for (const batch of batches) {
      const length = batch[0]?.length ?? 0;
      if (length === 0) continue;
      const chunks = batch.map((column): PlacedChunk => {
        const { bytes, facts } = encodeChunk(column, { delta: false, compression: 'none' });
        const region = put(bytes);
        regions.push(region);
        return { ...facts, offset: region.offset };
      });
      groups.push({ rows: length, chunks });
    }
    put(encodeFooter({ fields, groups, regions, metadata: new Map() }));
  } finally {
    fs.close(file);
  }
}

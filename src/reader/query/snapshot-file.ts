import { crc32 } from 'node:zlib';
import type { Column, ColumnField } from '../../columnar/column.js';
import { nullColumn } from '../../columnar/concat.js';
import { numberColumn } from '../../columnar/column-values.js';
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
import type { OpenRows } from '../read-rows.js';

/** Names the column that holds the numbers of a column of text in a snapshot. */
export const numbersBeside = (column: string): string => `${column}_numbers`;

/**
 * Writes rows to a new Parquet file, with columns renamed, and beside each column of text a column
 * of the numbers in it.
 *
 * The file is for a reader in this process and deleted after the query: nothing is synced.
 */
export function writeSnapshot(
  fs: FsPort,
  path: string,
  rows: OpenRows,
  renamed: (name: string) => string,
): void {
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
    for (const batch of rows.batches()) {
      const length = batch[0]?.length ?? 0;
      if (length === 0) continue;
      const chunks = batch.flatMap(withNumbers).map((column): PlacedChunk => {
        const { bytes, facts } = encodeChunk(column, { delta: false, compression: 'none' });
        const region = put(bytes);
        regions.push(region);
        return { ...facts, offset: region.offset };
      });
      groups.push({ rows: length, chunks });
    }
    put(
      encodeFooter({
        fields: rows.fields.flatMap(({ name, type }): ColumnField[] => {
          const field = { name: renamed(name), type };
          return type === 'UTF8' ? [field, { name: numbersBeside(field.name), type: 'DOUBLE' }] : [field];
        }),
        groups,
        regions,
        metadata: new Map(),
      }),
    );
  } finally {
    fs.close(file);
  }
}

function withNumbers(column: Column): Column[] {
  if (column.type !== 'UTF8') return [column];
  return [column, numberColumn(column) ?? nullColumn('DOUBLE', column.length)];
}

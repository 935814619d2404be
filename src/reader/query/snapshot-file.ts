import { crc32 } from 'node:zlib';
import type { ColumnField } from '../../columnar/column.js';
import { columnAt, fieldsOf } from '../../columnar/record-batch.js';
import type { RowTable } from '../../columnar/table.js';
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

/**
 * Writes rows to a new Parquet file, columns renamed; returns the columns as the table has them.
 *
 * It is for a reader of this process and gone after the query: nothing is synced.
 */
export function writeSnapshot(
  fs: FsPort,
  path: string,
  table: RowTable,
  renamed: (name: string) => string,
): readonly ColumnField[] {
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
    const fields = table.batches.map(fieldsOf)[0] ?? [];
    for (const batch of table.batches) {
      if (batch.numRows === 0) continue;
      const chunks = fields.map((_, index): PlacedChunk => {
        const { bytes, facts } = encodeChunk(columnAt(batch, index), { delta: false, compress: false });
        const region = put(bytes);
        regions.push(region);
        return { ...facts, offset: region.offset };
      });
      groups.push({ rows: batch.numRows, chunks });
    }
    put(
      encodeFooter({
        fields: fields.map(({ name, type }) => ({ name: renamed(name), type })),
        groups,
        regions,
        metadata: new Map(),
      }),
    );
    return fields;
  } finally {
    fs.close(file);
  }
}

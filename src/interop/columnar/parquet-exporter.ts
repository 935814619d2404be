import { crc32 } from 'node:zlib';
import type { Column } from '../../columnar/column.js';
import {
  encodeChunk,
  encodeFooter,
  type FileFooter,
  MAGIC,
  type PlacedChunk,
  type Region,
  type RowGroup,
} from '../../storage/parquet/index.js';
import type { Exporter } from '../exchange/exchange-run.js';
import { columnsFor, metricFieldsOf } from '../exchange/metric-fields.js';
import { type Output, writeNewFile } from '../target/output-file.js';
import { headerMembers } from '../exchange/run-header.js';
import { columnBatches } from './columns-of-rows.js';

const FORMAT = 'expman-rx.parquet';
/** The key of the file's metadata that holds the run. */
export const HEADER_KEY = 'expman.run';

/**
 * Writes one compact Parquet file: step int64, timestamp in microseconds UTC, the metrics; the run
 * is in the file's metadata. Parts of a run's `metrics.parquet` that are only needed to continue it
 * (earlier versions' tails, checkpoints of the log) are not included.
 */
export const parquetExporter: Exporter<'parquet'> = {
  format: 'parquet',
  makes: 'file',
  loses: 'the lines of the log',
  write: async (run, path) => {
    const fields = await metricFieldsOf(run);
    await writeNewFile(path, async (output) => {
      output.add(MAGIC);
      const groups: RowGroup[] = [];
      const regions: Region[] = [];
      for await (const columns of columnBatches(run, fields, GROUP_ROWS)) {
        const { group, region } = addGroup(output, columns);
        groups.push(group);
        regions.push(region);
      }
      const metadata = new Map([[HEADER_KEY, `{${headerMembers(FORMAT, run, fields)}}`]]);
      const footer: FileFooter = { fields: columnsFor(fields), groups, regions, metadata };
      output.add(encodeFooter(footer));
    });
  },
};

/** Close to the default of Parquet's own writers: small groups cost a footer entry per column. */
const GROUP_ROWS = 128 * 1024;

function addGroup(
  output: Output,
  columns: readonly Column[],
): { readonly group: RowGroup; readonly region: Region } {
  const offset = output.bytes;
  let crc = 0;
  const chunks = columns.map((column, at): PlacedChunk => {
    // Step and timestamp are sequences, which delta encoding makes small.
    const { bytes, facts } = encodeChunk(column, { delta: at < 2, compression: 'auto' });
    const placed = { ...facts, offset: output.bytes };
    crc = crc32(bytes, crc);
    output.add(bytes);
    return placed;
  });
  return {
    group: { rows: columns[0]?.length ?? 0, chunks },
    region: { offset, length: output.bytes - offset, crc },
  };
}

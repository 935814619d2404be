import { join } from 'node:path';
import { type RowTable, tableOf } from '../columnar/table.js';
import type { FsPort } from '../storage/fs-port.js';
import { SYSTEM_NAME } from '../storage/metrics-file.js';
import { readFooterOf } from '../storage/metrics-footer.js';
import { chunkReader, groupBatches, namedColumns } from './group-batches.js';

/** What was sampled of the machine while a run was open; null where nothing was. */
export function systemMetricsOf(fs: FsPort, runDir: string): RowTable | null {
  const path = join(runDir, SYSTEM_NAME);
  if (fs.stat(path) === null) return null;
  const file = fs.open(path, 'read');
  try {
    const footer = readFooterOf(fs, file, path);
    const { fields } = footer;
    return tableOf([...groupBatches(footer, fields, chunkReader(fs, file, path)), namedColumns(fields, [])]);
  } finally {
    fs.close(file);
  }
}

import { join } from 'node:path';
import { namedColumns } from '../columnar/named-columns.js';
import type { NamedColumn } from '../columnar/record-batch.js';
import { chunkReader } from '../storage/chunk-reader.js';
import type { FsPort } from '../storage/fs-port.js';
import { SYSTEM_NAME } from '../storage/metrics-file.js';
import { readFooterOf } from '../storage/metrics-footer.js';
import { groupBatches } from './group-batches.js';

/**
 * Yields the system metrics sampled while a run was open, batch by batch, the last one without
 * rows; nothing if none were sampled.
 */
export function* systemBatches(fs: FsPort, runDir: string): Generator<NamedColumn[], void> {
  const path = join(runDir, SYSTEM_NAME);
  if (fs.stat(path) === null) return;
  const file = fs.open(path, 'read');
  try {
    const footer = readFooterOf(fs, file, path);
    const { fields } = footer;
    for (const { columns } of groupBatches(footer, fields, chunkReader(fs, file, path))) yield columns;
    yield namedColumns(fields, []);
  } finally {
    fs.close(file);
  }
}

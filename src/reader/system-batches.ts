import { join } from 'node:path';
import type { NamedColumn } from '../columnar/record-batch.js';
import type { FsPort } from '../storage/fs-port.js';
import { SYSTEM_NAME } from '../storage/metrics-file.js';
import { readFooterOf } from '../storage/metrics-footer.js';
import { chunkReader, groupBatches, namedColumns } from './group-batches.js';

/** What was sampled of the machine while a run was open, batch by batch, the last of them without rows; none where nothing was sampled. */
export function* systemBatches(fs: FsPort, runDir: string): Generator<NamedColumn[], void> {
  const path = join(runDir, SYSTEM_NAME);
  if (fs.stat(path) === null) return;
  const file = fs.open(path, 'read');
  try {
    const footer = readFooterOf(fs, file, path);
    const { fields } = footer;
    yield* groupBatches(footer, fields, chunkReader(fs, file, path));
    yield namedColumns(fields, []);
  } finally {
    fs.close(file);
  }
}

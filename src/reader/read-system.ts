import { type RowTable, tableOf } from '../columnar/table.js';
import type { FsPort } from '../storage/fs-port.js';
import { systemBatches } from './system-batches.js';

/** What was sampled of the machine while a run was open; null where nothing was. */
export function systemMetricsOf(fs: FsPort, runDir: string): RowTable | null {
  const batches = [...systemBatches(fs, runDir)];
  return batches.length === 0 ? null : tableOf(batches);
}

import { type RowTable, tableOf } from '../columnar/table.js';
import type { FsPort } from '../storage/fs-port.js';
import { systemBatches } from './system-batches.js';

/** Reads the system metrics sampled while a run was open; null if there are none. */
export function systemMetricsOf(fs: FsPort, runDir: string): RowTable | null {
  const batches = [...systemBatches(fs, runDir)];
  return batches.length === 0 ? null : tableOf(batches);
}

import { type RowTable, tableOf } from '../columnar/table.js';
import type { FsPort } from '../storage/fs-port.js';
import { type RunInfo, openIntact } from './inspect-run.js';

/** The contents of a run: its facts, and its rows. */
export interface RunContents {
  readonly info: RunInfo;
  /** All rows, in the order they were logged. */
  readonly table: RowTable;
}

/** Reads the run and its rows from one state of its files. */
export function readContents(fs: FsPort, runDir: string): RunContents {
  const { info, rows } = openIntact(fs, runDir);
  try {
    return { info, table: tableOf([...rows.batches()]) };
  } finally {
    rows.close();
  }
}

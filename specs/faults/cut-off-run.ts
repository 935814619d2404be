import { join } from 'node:path';
import type { RowSpan } from '../../src/channel/records.js';
import { readContents } from '../../src/reader/read-contents.js';
import { METRICS_NAME } from '../../src/storage/metrics-file.js';
import { readFooter } from '../../src/storage/metrics-footer.js';
import { factsOf } from '../../src/run/summaries/file-metadata.js';
import { readIdentity } from '../../src/run/identity.js';
import { replayWal, type Watermark } from '../../src/run/replay/replay.js';
import { must } from './check-run.js';
import { MemoryFs } from './memory-fs.js';
import { runSession, withBase, type SessionPlan } from './session.js';

/** The shape of its rows. */
export const SHAPE = 'mixed';
const PLAN: SessionPlan = {
  bursts: 30,
  rowsPerBurst: 12,
  shape: SHAPE,
  options: { flushIntervalMs: 1, flushIntervalRows: 100 },
};
const FILES = /^(wal-.*\.log|metrics\.parquet|run\.yaml|config\.yaml|run\.log|run\.lock)$/;

/** A run of about 40 kB that was cut off, as bytes by name. */
export interface CutOff {
  readonly folder: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly rows: number;
  /** Rows that are read while nothing is damaged. */
  readonly readable: number;
  readonly uuid: string;
  /** Up to where its rows are published. */
  readonly from: Watermark;
  /** The rows of its log. */
  readonly spans: readonly RowSpan[];
}

/**
 * A run that was closed, taken up again, and killed: some of its rows are published, some in the log alone.
 *
 * @param publishes - whether the second owner published once, so that its log begins with a checkpoint that the rows after it rest on
 */
export async function cutOffRun(publishes = false): Promise<CutOff> {
  const fs = withBase(new MemoryFs());
  const first = await runSession(fs, PLAN);
  must(first.closed?.error === null, 'I7', () => 'the run to be damaged did not close');
  const { folder, rows } = await runSession(fs, {
    ...PLAN,
    bursts: 20,
    from: first.rows,
    dies: true,
    // Longer than the session lasts, so that the log keeps its rows, or those after the first publish.
    options: { ...PLAN.options, flushIntervalMs: 10_000, flushIntervalRows: publishes ? 48 : 8192 },
  });
  const left = MemoryFs.replay(fs.changes, fs.changes.length);
  const names = left.namesIn(folder).filter((name) => FILES.test(name));
  const files = new Map(names.sort().map((name) => [name, left.bytesOf(join(folder, name))]));
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  must(bytes > 35_000 && files.size >= 5, 'I3', () => `${bytes} bytes in ${[...files.keys()].join(', ')}`);
  const { identity } = readIdentity(left, folder);
  const from = factsOf(readFooter(left, join(folder, METRICS_NAME)).metadata).watermark;
  const { spans } = replayWal(left, folder, identity.uuid, from);
  must(spans.length > (publishes ? 50 : 100), 'I2', () => `the log holds ${spans.length} spans`);
  const readable = readContents(left, folder).table.numRows;
  return { folder, rows, files, readable, uuid: identity.uuid, from, spans };
}

/** A disk with the run on it, one of its files damaged. */
export function diskOf({ folder, files }: CutOff, damagedName: string, damaged: Buffer): MemoryFs {
  const fs = withBase(new MemoryFs());
  fs.makeFolder('/base/faults');
  fs.makeFolder(folder);
  for (const [name, bytes] of files) fs.overwrite(join(folder, name), name === damagedName ? damaged : bytes);
  fs.reboot();
  return fs;
}

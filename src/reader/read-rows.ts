import { join } from 'node:path';
import type { Rewind } from '../channel/rewind.js';
import type { ColumnField } from '../columnar/column.js';
import { MetricColumns, type PlainMetricColumn } from '../columnar/metric-columns.js';
import type { NamedColumn } from '../columnar/record-batch.js';
import { ExpmanError } from '../model/errors.js';
import type { MetricSummary } from '../model/metric.js';
import type { Step } from '../model/step.js';
import { openIfThere } from '../storage/atomic-file.js';
import { chunkReader } from '../storage/chunk-reader.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooterOf } from '../storage/metrics-footer.js';
import { decodeSpans } from '../run/rows/decode-spans.js';
import { type FileFacts, type Session, publishedFile } from '../run/summaries/file-metadata.js';
import { MetricSummaries } from '../run/summaries/metric-summaries.js';
import { retallied } from '../run/summaries/retally.js';
import { publishedSession } from '../run/rows/published-session.js';
import { NOTHING_PUBLISHED, type Replay, type Watermark, replayWal } from '../run/replay/replay.js';
import { callsOf, greatestStep, sessionsLeft } from '../run/rows/rewind-rows.js';
import type { BatchWish } from './group-batches.js';
import { type Published, batchesFrom, batchesOf, sessionsOf } from './row-batches.js';

const ATTEMPTS = 20;

/**
 * The rows of a run, published or not, as they were at one moment; the file stays open until
 * `close`.
 */
export interface OpenRows {
  /** Rows that the file would hold if it were published now. */
  readonly rows: number;
  /** Rows that the file holds. */
  readonly publishedRows: number;
  /** Calls that were accepted, without those that are lost. */
  readonly calls: number;
  /** Rows that rewinds have removed. */
  readonly rewound: number;
  /** The rewinds, in order. */
  readonly rewinds: readonly Rewind[];
  /** The sessions of the run that have rows. */
  readonly sessions: readonly Session[];
  /** The greatest step. */
  readonly lastStep: Step | null;
  /** The facts in the published file; undefined if there is none, or none that can be read. */
  readonly published: FileFacts | undefined;
  readonly replay: Replay;
  /** The position of the last row among the run's records. */
  readonly end: Watermark;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  /** Files that fail their checks. */
  readonly corrupt: readonly string[];
  /** The columns of the metrics, for a reader that joins several runs. */
  readonly plainColumns: readonly PlainMetricColumn[];
  /** The names of the columns, by metric. */
  readonly columnOf: ReadonlyMap<string, string>;
  /** All columns: step, timestamp, then those of the metrics. */
  readonly fields: readonly ColumnField[];
  /** Yields all rows, by row group, with the columns that `wants` asks for. */
  batches(wants?: BatchWish): Generator<NamedColumn[], void>;
  close(): void;
}

/**
 * Opens `metrics.parquet` and the write-ahead log as one, without a lock and without changing
 * anything.
 *
 * A publish between the two reads removes segments that the older file needs; then both are read
 * again. The file stays open until all of it is read: it is replaced by another file, never
 * changed.
 */
export function openRows(fs: FsPort, runDir: string, uuid: string): OpenRows {
  const path = join(runDir, METRICS_NAME);
  for (let attempt = 1; ; attempt++) {
    const file = openIfThere(fs, path);
    let isTaken = false;
    try {
      const published = file === null ? NOTHING : readPublished(fs, file, path, uuid);
      const session = published.file && publishedSession(published.file, published.read);
      const watermark = published.file?.facts.watermark ?? NOTHING_PUBLISHED;
      const replay = replayWal(fs, runDir, uuid, watermark, { session });
      if (attempt < ATTEMPTS && isNewer(fs, path, file)) continue;
      isTaken = true;
      return rowsFrom(published, replay, () => {
        if (file !== null) fs.close(file);
      });
    } catch (error) {
      // A segment was removed between listing and reading it.
      if (attempt === ATTEMPTS || !(error instanceof ExpmanError) || error.errno !== 'ENOENT') throw error;
    } finally {
      if (file !== null && !isTaken) fs.close(file);
    }
  }
}

const NOTHING: Published = { file: null, read: () => new Uint8Array(), corrupt: [] };

function readPublished(fs: FsPort, file: number, path: string, uuid: string): Published {
  try {
    const published = publishedFile(readFooterOf(fs, file, path), path);
    if (published.facts.runUuid !== uuid) return { ...NOTHING, corrupt: [METRICS_NAME] };
    return { file: published, read: chunkReader(fs, file, path), corrupt: [] };
  } catch (error) {
    if (error instanceof ExpmanError && error.code === 'CORRUPT')
      return { ...NOTHING, corrupt: [METRICS_NAME] };
    throw error;
  }
}

/** True if the path names another file by now; while ours is open, its inode is not reused. */
function isNewer(fs: FsPort, path: string, file: number | null): boolean {
  const opened = file === null ? undefined : fs.statOpen(file).inode;
  return fs.stat(path)?.inode !== opened;
}

function rowsFrom(published: Published, replay: Replay, close: () => void): OpenRows {
  const { file, corrupt } = published;
  const summaries = new MetricSummaries();
  // The tallies in a file of 0.1.0 omit values; combined with those of the log they would look
  // complete.
  const tallied = file !== null && replay.spans.length > 0 ? retallied(published.read, file) : file;
  summaries.restore(tallied?.facts.tallies ?? []);
  const columns = new MetricColumns();
  columns.restore(file?.facts.columns ?? [], file?.footer.fields ?? []);
  let lastStep = file?.facts.lastStep ?? null;
  for (const spans of batchesOf(replay.spans)) {
    const decoded = decodeSpans(spans);
    summaries.add(decoded);
    lastStep = greatestStep(decoded, lastStep);
    for (const { metric, column } of decoded.metrics) columns.admit(metric, column);
  }
  const publishedRows = file?.rows ?? 0;
  const known = {
    publishedRows,
    calls: (file?.facts.loggedRows ?? 0) + replay.calls,
    published: file?.facts,
    replay,
    end: replay.end.epoch < 0 ? (file?.facts.watermark ?? NOTHING_PUBLISHED) : replay.end,
    corrupt,
    rewinds: [...(file?.facts.rewinds ?? []), ...replay.rewinds],
    plainColumns: columns.toPlain(),
    columnOf: new Map(columns.toPlain().map(([metric, name]) => [metric, name])),
    fields: columns.fields,
    close,
  };
  const sessions = sessionsOf(file, replay);
  const all = {
    rows: publishedRows + replay.rows,
    sessions,
    rewound: file?.facts.rewound ?? 0,
    lastStep,
    metrics: summaries.toSummary(),
  };
  const batches = (wish: BatchWish = {}): Generator<NamedColumn[], void> =>
    batchesFrom(published, replay, columns, sessions, wish);
  // The effect of a rewind is known once all rows have been read; after the next publish readers
  // are spared that.
  return { ...known, ...(replay.rewinds.length === 0 ? all : leftOf(all, columns, batches)), batches };
}

/** Computes the rows that remain after rewinds that the file does not know of. */
function leftOf(
  { sessions, rows, rewound }: Pick<OpenRows, 'sessions' | 'rows' | 'rewound'>,
  columns: MetricColumns,
  batches: OpenRows['batches'],
): Pick<OpenRows, 'rows' | 'sessions' | 'rewound' | 'lastStep' | 'metrics'> {
  const metricOf = new Map(columns.toPlain().map(([metric, name]) => [name, metric]));
  const summaries = new MetricSummaries();
  let lastStep: Step | null = null;
  let left = 0;
  const counts = new Map<bigint, number>();
  for (const [step, timestamp, session, ...metrics] of batches({ isWithSession: true })) {
    if (step === undefined || timestamp === undefined || session?.type !== 'INT64') continue;
    const calls = callsOf([step, timestamp, ...metrics], (name) => metricOf.get(name) ?? name);
    summaries.add(calls);
    lastStep = greatestStep(calls, lastStep);
    left += step.length;
    for (const epoch of session.values) counts.set(epoch, (counts.get(epoch) ?? 0) + 1);
  }
  return {
    rows: left,
    sessions: sessionsLeft(sessions, (epoch) => counts.get(BigInt(epoch)) ?? 0),
    rewound: rewound + rows - left,
    lastStep,
    metrics: summaries.toSummary(),
  };
}

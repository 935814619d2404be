import { join } from 'node:path';
import type { ColumnField } from '../columnar/column.js';
import { MetricColumns } from '../columnar/metric-columns.js';
import type { NamedColumn } from '../columnar/record-batch.js';
import { RowGroupBatches } from '../columnar/row-group.js';
import type { RowSpan } from '../channel/records.js';
import { ExpmanError, errnoOf } from '../model/errors.js';
import type { MetricSummary } from '../model/metric.js';
import { unreadable } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooterOf } from '../storage/metrics-footer.js';
import { decodeSpans } from '../writer/decode-spans.js';
import { type FileFacts, type PublishedFile, publishedFile } from '../writer/file-metadata.js';
import { MetricSummaries } from '../writer/metric-summaries.js';
import { NOTHING_PUBLISHED, type Replay, type Watermark, replayWal } from '../writer/replay.js';
import { rowBatchOf } from '../writer/row-batch.js';
import {
  type BatchWish,
  type ChunkReader,
  chunkReader,
  groupBatches,
  namedColumns,
  wantedFields,
} from './group-batches.js';

const ROWS_PER_BATCH = 64 * 1024;
const ATTEMPTS = 20;

/** The rows of a run, published or not, as they were at one moment; the file stays open until it is closed. */
export interface OpenRows {
  readonly publishedRows: number;
  /** What the published file says of itself; undefined where there is none, or none to be read. */
  readonly published: FileFacts | undefined;
  readonly replay: Replay;
  /** Where the last of them stands among the run's records. */
  readonly end: Watermark;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  /** Files that fail their checks. */
  readonly corrupt: readonly string[];
  /** The columns' names, by their metrics'. */
  readonly columnOf: ReadonlyMap<string, string>;
  /** All columns: step, timestamp, then the metrics'. */
  readonly fields: readonly ColumnField[];
  /** The rows from the first to the last, by row group, with the columns that `wants` asks for. */
  batches(wants?: BatchWish): Generator<NamedColumn[], void>;
  close(): void;
}

/**
 * Opens `metrics.parquet` and the write-ahead log as one, without a lock and without changing anything.
 *
 * A publish between the two readings takes away segments the older file needs; then both are read again. The file stays
 * open until all of it is read: what replaces it is another file.
 */
export function openRows(fs: FsPort, runDir: string, uuid: string): OpenRows {
  const path = join(runDir, METRICS_NAME);
  for (let attempt = 1; ; attempt++) {
    const file = openIfThere(fs, path);
    let isTaken = false;
    try {
      const published = file === null ? NOTHING : readPublished(fs, file, path, uuid);
      const replay = replayWal(fs, runDir, uuid, published.file?.facts.watermark ?? NOTHING_PUBLISHED);
      if (attempt < ATTEMPTS && isNewer(fs, path, file)) continue;
      isTaken = true;
      return rowsFrom(published, replay, () => {
        if (file !== null) fs.close(file);
      });
    } catch (error) {
      // A segment was removed between the listing and its reading.
      if (attempt === ATTEMPTS || !(error instanceof ExpmanError) || error.errno !== 'ENOENT') throw error;
    } finally {
      if (file !== null && !isTaken) fs.close(file);
    }
  }
}

interface Published {
  /** Null where there is none, or none to be read. */
  readonly file: PublishedFile | null;
  readonly read: ChunkReader;
  readonly corrupt: readonly string[];
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

function openIfThere(fs: FsPort, path: string): number | null {
  try {
    return fs.open(path, 'read');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw unreadable(path, error);
  }
}

/** Whether another file has the name by now; while ours is open, no other one is given its inode. */
function isNewer(fs: FsPort, path: string, file: number | null): boolean {
  const opened = file === null ? undefined : fs.statOpen(file).inode;
  return fs.stat(path)?.inode !== opened;
}

function rowsFrom(published: Published, replay: Replay, close: () => void): OpenRows {
  const { file, corrupt } = published;
  const summaries = new MetricSummaries();
  summaries.restore(file?.facts.tallies ?? []);
  const columns = new MetricColumns();
  columns.restore(file?.facts.columns ?? [], file?.footer.fields ?? []);
  for (const spans of batchesOf(replay.spans)) {
    const decoded = decodeSpans(spans);
    summaries.add(decoded);
    for (const { metric, column } of decoded.metrics) columns.admit(metric, column);
  }
  return {
    publishedRows: file?.facts.loggedRows ?? 0,
    published: file?.facts,
    replay,
    end: replay.end.epoch < 0 ? (file?.facts.watermark ?? NOTHING_PUBLISHED) : replay.end,
    metrics: summaries.toSummary(),
    corrupt,
    columnOf: new Map(columns.toPlain().map(([metric, name]) => [metric, name])),
    fields: columns.fields,
    *batches(wish = {}) {
      const fields = wantedFields(columns.fields, wish);
      let count = 0;
      for (const batch of file === null ? [] : groupBatches(file.footer, fields, published.read, wish)) {
        count++;
        yield batch;
      }
      // Decoded again only for whoever wants the rows: most want to know what the run is.
      const tail = new RowGroupBatches();
      for (const spans of batchesOf(replay.spans)) tail.add(rowBatchOf(decodeSpans(spans), columns));
      if (tail.rows > 0) yield namedColumns(fields, [...tail.columns(fields)]);
      // Of no rows, too, the columns are known.
      else if (count === 0) yield namedColumns(fields, []);
    },
    close,
  };
}

function* batchesOf(spans: readonly RowSpan[]): Generator<readonly RowSpan[], void> {
  let some: RowSpan[] = [];
  let rows = 0;
  for (const span of spans) {
    some.push(span);
    rows += span.rows;
    if (rows < ROWS_PER_BATCH) continue;
    yield some;
    some = [];
    rows = 0;
  }
  if (some.length > 0) yield some;
}

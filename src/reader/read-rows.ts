import { join } from 'node:path';
import type { Column, ColumnField } from '../columnar/column.js';
import { concatColumns } from '../columnar/concat.js';
import { MetricColumns } from '../columnar/metric-columns.js';
import { type RowBatch, recordBatchOf } from '../columnar/record-batch.js';
import { RowGroupBatches } from '../columnar/row-group.js';
import { type RowTable, tableOf } from '../columnar/table.js';
import { widenColumn } from '../columnar/widen.js';
import type { RowSpan } from '../channel/records.js';
import { ExpmanError, errnoOf } from '../model/errors.js';
import type { MetricSummary } from '../model/metric.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooterOf } from '../storage/metrics-footer.js';
import { readAll } from '../storage/read-all.js';
import { type FileFooter, type PlacedChunk, decodeChunk } from '../storage/parquet/index.js';
import { decodeSpans } from '../writer/decode-spans.js';
import { type PublishedFile, publishedFile } from '../writer/file-metadata.js';
import { MetricSummaries } from '../writer/metric-summaries.js';
import { NOTHING_PUBLISHED, type Replay, replayWal } from '../writer/replay.js';
import { rowBatchOf } from '../writer/row-batch.js';

const ROWS_PER_BATCH = 64 * 1024;
const ATTEMPTS = 20;

/** The rows of a run, published or not, as they were at one moment. */
export interface RunRows {
  readonly publishedRows: number;
  readonly replay: Replay;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  /** Files that fail their checks. */
  readonly corrupt: readonly string[];
  /** The values, where they were asked for. */
  readonly table: RowTable | null;
}

/**
 * Reads `metrics.parquet` and the write-ahead log as one, without a lock and without changing anything.
 *
 * A publish between the two readings takes away segments the older file needs; then both are read again. The file stays
 * open until all of it is read: what replaces it is another file.
 */
export function readRows(fs: FsPort, runDir: string, uuid: string, wantsValues: boolean): RunRows {
  const path = join(runDir, METRICS_NAME);
  for (let attempt = 1; ; attempt++) {
    const file = openIfThere(fs, path);
    try {
      const published = file === null ? NOTHING : readPublished(fs, file, path, uuid);
      const replay = replayWal(fs, runDir, uuid, published.file?.facts.watermark ?? NOTHING_PUBLISHED);
      if (attempt < ATTEMPTS && isNewer(fs, path, file)) continue;
      return rowsFrom(published, replay, wantsValues);
    } catch (error) {
      // A segment was removed between the listing and its reading.
      if (attempt === ATTEMPTS || !(error instanceof ExpmanError) || error.errno !== 'ENOENT') throw error;
    } finally {
      if (file !== null) fs.close(file);
    }
  }
}

interface Published {
  /** Null where there is none, or none to be read. */
  readonly file: PublishedFile | null;
  /** Reads a chunk's bytes. */
  readonly read: (chunk: PlacedChunk) => Uint8Array;
  readonly corrupt: readonly string[];
}

const NOTHING: Published = { file: null, read: () => new Uint8Array(), corrupt: [] };

function readPublished(fs: FsPort, file: number, path: string, uuid: string): Published {
  try {
    const published = publishedFile(readFooterOf(fs, file, path));
    if (published.facts.runUuid !== uuid) return { ...NOTHING, corrupt: [METRICS_NAME] };
    const read = ({ offset, length }: PlacedChunk): Uint8Array => {
      const bytes = new Uint8Array(length);
      readAll(fs, file, bytes, offset, path);
      return bytes;
    };
    return { file: published, read, corrupt: [] };
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
    throw error;
  }
}

/** Whether another file has the name by now; while ours is open, no other one is given its inode. */
function isNewer(fs: FsPort, path: string, file: number | null): boolean {
  const opened = file === null ? undefined : fs.statOpen(file).inode;
  return fs.stat(path)?.inode !== opened;
}

function rowsFrom(published: Published, replay: Replay, wantsValues: boolean): RunRows {
  const { file, corrupt } = published;
  const summaries = new MetricSummaries();
  summaries.restore(file?.facts.tallies ?? []);
  for (const spans of batchesOf(replay.spans)) summaries.add(decodeSpans(spans));
  return {
    publishedRows: file?.facts.loggedRows ?? 0,
    replay,
    metrics: summaries.toSummary(),
    corrupt,
    table: wantsValues ? tableFrom(published, replay.spans) : null,
  };
}

function tableFrom(published: Published, spans: readonly RowSpan[]): RowTable {
  const { file } = published;
  const columns = new MetricColumns();
  columns.restore(file?.facts.columns ?? [], file?.footer.fields ?? []);
  const tail = new RowGroupBatches();
  for (const some of batchesOf(spans)) tail.add(rowBatchOf(decodeSpans(some), columns));
  const { fields } = columns;
  const last = batchOf(fields, tail.rows === 0 ? [] : [...tail.columns(fields)]);
  if (file === null) return tableOf([last]);
  return tableOf([...publishedBatches(published, file.footer, fields), last]);
}

function publishedBatches(
  { read }: Published,
  footer: FileFooter,
  fields: readonly ColumnField[],
): RowBatch[] {
  const place = new Map(footer.fields.map(({ name }, index) => [name, index]));
  return footer.groups.map(({ rows, chunks }) => {
    const columns = fields.map(({ name, type }): Column => {
      const chunk = chunks[place.get(name) ?? -1];
      return chunk === undefined
        ? nullColumn(type, rows)
        : widenColumn(decodeChunk(read(chunk), chunk), type);
    });
    return batchOf(fields, columns);
  });
}

function batchOf(fields: readonly ColumnField[], columns: readonly Column[]): RowBatch {
  return recordBatchOf(
    fields.map(({ name, type }, index) => ({ ...(columns[index] ?? nullColumn(type, 0)), name })),
  );
}

function nullColumn(type: ColumnField['type'], rows: number): Column {
  return concatColumns(type, [{ type: null, length: rows }]);
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

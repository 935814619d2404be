import { join } from 'node:path';
import type { Column, ColumnField } from '../columnar/column.js';
import { concatColumns } from '../columnar/concat.js';
import { MetricColumns, type PlainMetricColumn } from '../columnar/metric-columns.js';
import { type RowBatch, recordBatchOf } from '../columnar/record-batch.js';
import { RowGroupBatches, STEP_FIELD, TIMESTAMP_FIELD } from '../columnar/row-group.js';
import { type RowTable, tableOf } from '../columnar/table.js';
import { widenColumn } from '../columnar/widen.js';
import type { RowSpan } from '../channel/records.js';
import { ExpmanError, errnoOf } from '../model/errors.js';
import type { MetricSummary } from '../model/metric.js';
import { decodeParams } from '../model/params.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooter } from '../storage/metrics-footer.js';
import { readAll } from '../storage/read-all.js';
import { type FileFooter, type PlacedChunk, decodeChunk } from '../storage/parquet/index.js';
import { decodeSpans } from '../writer/decode-spans.js';
import { MetricSummaries, type PlainTally } from '../writer/metric-summaries.js';
import { NOTHING_PUBLISHED, type Replay, replayWal } from '../writer/replay.js';
import { watermarkOf } from '../writer/run-pipeline.js';

const ROWS_PER_BATCH = 64 * 1024;
const ATTEMPTS = 20;

/** The rows of a run, published or not, as they were at one moment. */
export interface RunRows {
  readonly publishedRows: number;
  readonly replay: Replay;
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  /** Files that fail their checks. */
  readonly corrupt: readonly string[];
  /** Reads the values. */
  readonly table: () => RowTable;
}

/**
 * Reads `metrics.parquet` and the write-ahead log as one, without a lock and without changing anything.
 *
 * A publish between the two readings takes away segments the older file needs; then both are read again.
 */
export function readRows(fs: FsPort, runDir: string, uuid: string): RunRows {
  for (let attempt = 1; ; attempt++) {
    const published = openPublished(fs, runDir, uuid);
    try {
      const replay = replayWal(
        fs,
        runDir,
        uuid,
        published.footer === null ? NOTHING_PUBLISHED : watermarkOf(published.footer.metadata),
      );
      if (attempt < ATTEMPTS && isNewer(fs, runDir, published)) continue;
      return rowsFrom(fs, published, replay);
    } catch (error) {
      // A segment was removed between the listing and its reading.
      if (attempt === ATTEMPTS || !(error instanceof ExpmanError) || error.errno !== 'ENOENT') throw error;
    }
  }
}

interface Published {
  readonly path: string;
  readonly footer: FileFooter | null;
  readonly inode: number;
  readonly corrupt: readonly string[];
}

function openPublished(fs: FsPort, runDir: string, uuid: string): Published {
  const path = join(runDir, METRICS_NAME);
  const none = { path, footer: null, inode: fs.stat(path)?.inode ?? 0 };
  if (none.inode === 0) return { ...none, corrupt: [] };
  try {
    const footer = readFooter(fs, path);
    const foreign = footer.metadata.get('run_uuid') !== uuid;
    return foreign ? { ...none, corrupt: [METRICS_NAME] } : { ...none, footer, corrupt: [] };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { ...none, corrupt: [] };
    if (error instanceof ExpmanError && error.code === 'CORRUPT') return { ...none, corrupt: [METRICS_NAME] };
    throw error;
  }
}

const isNewer = (fs: FsPort, runDir: string, { inode }: Published): boolean =>
  (fs.stat(join(runDir, METRICS_NAME))?.inode ?? 0) !== inode;

function rowsFrom(fs: FsPort, published: Published, replay: Replay): RunRows {
  const { footer, corrupt } = published;
  const kept = decodeParams(footer?.metadata.get('summary') ?? '{}');
  const summaries = new MetricSummaries();
  summaries.restore((kept['tallies'] ?? []) as unknown as PlainTally[]);
  for (const spans of batchesOf(replay.spans)) summaries.add(decodeSpans(spans));
  return {
    publishedRows: Number(footer?.metadata.get('logged_rows') ?? 0),
    replay,
    metrics: summaries.toSummary(),
    corrupt,
    table: () =>
      tableFrom(fs, published, replay.spans, (kept['columns'] ?? []) as unknown as PlainMetricColumn[]),
  };
}

function tableFrom(
  fs: FsPort,
  { path, footer }: Published,
  spans: readonly RowSpan[],
  known: readonly PlainMetricColumn[],
): RowTable {
  const columns = new MetricColumns();
  columns.restore(known, footer?.fields ?? []);
  const tail = new RowGroupBatches();
  for (const some of batchesOf(spans)) {
    const { step, timestamp, metrics } = decodeSpans(some);
    const named = metrics.map(({ metric, column }) => ({ ...column, name: columns.admit(metric, column) }));
    tail.add(
      recordBatchOf([
        { ...step, name: STEP_FIELD.name },
        { ...timestamp, name: TIMESTAMP_FIELD.name },
        ...named,
      ]),
    );
  }
  const { fields } = columns;
  const last = batchOf(fields, tail.rows === 0 ? [] : [...tail.columns(fields)]);
  if (footer === null) return tableOf([last]);
  return tableOf([...publishedBatches(fs, path, footer, fields), last]);
}

function publishedBatches(
  fs: FsPort,
  path: string,
  footer: FileFooter,
  fields: readonly ColumnField[],
): RowBatch[] {
  const place = new Map(footer.fields.map(({ name }, index) => [name, index]));
  const file = fs.open(path, 'read');
  try {
    return footer.groups.map(({ rows, chunks }) => {
      const read = (chunk: PlacedChunk): Column => {
        const bytes = new Uint8Array(chunk.length);
        readAll(fs, file, bytes, chunk.offset, path);
        return decodeChunk(bytes, chunk);
      };
      const columns = fields.map(({ name, type }): Column => {
        const chunk = chunks[place.get(name) ?? -1];
        return chunk === undefined ? nullColumn(type, rows) : widenColumn(read(chunk), type);
      });
      return batchOf(fields, columns);
    });
  } finally {
    fs.close(file);
  }
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

import type { RowSpan } from '../channel/records.js';
import type { Rewind } from '../channel/rewind.js';
import type { MetricColumns } from '../columnar/metric-columns.js';
import { gatherRows, namedColumns } from '../columnar/named-columns.js';
import type { NamedColumn } from '../columnar/record-batch.js';
import { RowGroupBatches } from '../columnar/row-group.js';
import type { ChunkReader } from '../storage/chunk-reader.js';
import { decodeSpans } from '../run/rows/decode-spans.js';
import type { PublishedFile, Session } from '../run/summaries/file-metadata.js';
import type { Replay } from '../run/replay/replay.js';
import { type Stretch, rowsLeft, stretchesOf } from '../run/rows/rewind-rows.js';
import { rowBatchOf } from '../run/rows/row-batch.js';
import { type BatchWish, type GroupBatch, groupBatches, wantedFields } from './group-batches.js';

const ROWS_PER_BATCH = 64 * 1024;
const SESSION_NAME = 'session';

/** The published rows, as far as they can be read. */
export interface Published {
  /** Null if there is no file, or none that can be read. */
  readonly file: PublishedFile | null;
  readonly read: ChunkReader;
  readonly corrupt: readonly string[];
}

/**
 * Returns the sessions of a run that have rows, including those of the write-ahead log, before
 * rewinds.
 */
export function sessionsOf(file: PublishedFile | null, { spans }: Replay): Session[] {
  const sessions = file === null ? [] : [...file.facts.sessions];
  let rows = file?.rows ?? 0;
  for (const { epoch, begun } of spans) {
    if (begun > 0 && sessions.at(-1)?.epoch !== epoch) sessions.push({ epoch, firstRow: rows });
    rows += begun;
  }
  return sessions;
}

/**
 * Yields the rows of a file and a write-ahead log in order, with calls joined to rows and rewinds
 * applied.
 */
export function* batchesFrom(
  { file, read }: Published,
  replay: Replay,
  columns: MetricColumns,
  sessions: readonly Session[],
  wish: BatchWish,
): Generator<NamedColumn[], void> {
  const fields = wantedFields(columns.fields, wish);
  const finished = new FinishedRows(sessions, replay.rewinds, wish.isWithSession === true);
  const publishedRows = file?.rows ?? 0;
  const neededFrom = firstJoined(sessions, replay.spans, publishedRows);
  const tail = new RowGroupBatches();
  let tailFrom = publishedRows;
  let count = 0;
  const groups = file === null ? [] : groupBatches(file.footer, fields, read, { ...wish, neededFrom });
  for (const { firstRow, columns: rows } of groups) {
    if (firstRow + (rows[0]?.length ?? 0) > neededFrom) {
      tailFrom = Math.min(tailFrom, firstRow);
      tail.addRows(rows);
      continue;
    }
    count++;
    yield finished.of({ firstRow, columns: rows });
  }
  // Decoded again, and only for callers that read rows: most only need the facts of the run.
  for (const spans of batchesOf(replay.spans)) {
    const decoded = decodeSpans(spans);
    tail.add(rowBatchOf(decoded, columns), decoded.place);
  }
  if (tail.rows > 0)
    yield finished.of({ firstRow: tailFrom, columns: namedColumns(fields, [...tail.columns(fields)]) });
  // Without rows, the columns are still known.
  else if (count === 0) yield finished.of({ firstRow: 0, columns: namedColumns(fields, []) });
}

/**
 * Returns the first published row that a call of the write-ahead log joins; Infinity if there is
 * none.
 */
function firstJoined(sessions: readonly Session[], spans: readonly RowSpan[], publishedRows: number): number {
  let first = Infinity;
  for (const { epoch, row, targets } of spans) {
    if (targets === null) continue;
    const base = (sessions.find((session) => session.epoch === epoch)?.firstRow ?? publishedRows) + row;
    for (const target of targets) if (base + target < Math.min(first, publishedRows)) first = base + target;
  }
  return first;
}

/** Groups spans into batches of limited size. */
export function* batchesOf(spans: readonly RowSpan[]): Generator<readonly RowSpan[], void> {
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

/** Removes rows that rewinds removed, and adds the session if it is wanted. */
class FinishedRows {
  constructor(
    private readonly sessions: readonly Session[],
    private readonly rewinds: readonly Rewind[],
    private readonly isWithSession: boolean,
  ) {}

  of({ firstRow, columns }: GroupBatch): NamedColumn[] {
    const [step] = columns;
    const length = step?.length ?? 0;
    const stretches = (): Iterable<Stretch> => stretchesOf(this.sessions, this.rewinds, firstRow, length);
    const whole = this.isWithSession ? withColumn(columns, sessionColumn(length, stretches())) : columns;
    if (step === undefined || this.rewinds.length === 0) return whole;
    const left = rowsLeft(step, stretches());
    return left === null ? whole : gatherRows(whole, left);
  }
}

function sessionColumn(length: number, stretches: Iterable<Stretch>): NamedColumn {
  const values = new BigInt64Array(length);
  for (const { epoch, from, to } of stretches) values.fill(BigInt(epoch), from, to);
  return { name: SESSION_NAME, type: 'INT64', length, nullCount: 0, validity: null, values };
}

const withColumn = (
  [step, timestamp, ...metrics]: readonly NamedColumn[],
  column: NamedColumn,
): NamedColumn[] => [step, timestamp, column, ...metrics].filter((each) => each !== undefined);

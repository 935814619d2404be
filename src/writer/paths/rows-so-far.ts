import type { RowSpan } from '../../channel/records.js';
import type { Rewind } from '../../channel/rewind.js';
import { MetricColumns } from '../../columnar/metric-columns.js';
import { gatherRows, namedColumns } from '../../columnar/named-columns.js';
import type { NamedColumn } from '../../columnar/record-batch.js';
import { RowGroupBatches } from '../../columnar/row-group.js';
import type { Compression } from '../../model/experiment-options.js';
import type { Step } from '../../model/step.js';
import { decodeSpans } from '../../run/rows/decode-spans.js';
import { SessionCount, callsOf, greatestStep, rowsLeft, stretchesOf } from '../../run/rows/rewind-rows.js';
import { rowBatchOf } from '../../run/rows/row-batch.js';
import { JOIN_WINDOW_ROWS } from '../../run/rows/row-joiner.js';
import { StampRuns } from '../../run/rows/stamp-runs.js';
import type { Watermark } from '../../run/run-state.js';
import type { PublishedFile, Session } from '../../run/summaries/file-metadata.js';
import { MetricSummaries } from '../../run/summaries/metric-summaries.js';
import type { MetricsFile } from '../../storage/metrics-file.js';

const SEAL_BYTES = 8 * 1024 * 1024;

/**
 * The rows of a run after a batch or a rewind: those that are not in a sealed group, and the facts
 * for the footer of the file.
 *
 * Each step makes a new value. The parts that grow with the run (group, columns, summaries, stamps)
 * are changed in place and passed on, so only the latest value may be read.
 */
export interface RowsSoFar {
  readonly group: RowGroupBatches;
  readonly columns: MetricColumns;
  readonly summaries: MetricSummaries;
  readonly stamps: StampRuns;
  readonly sessions: readonly Session[];
  /** The number of rows of the next version of the file, including those of the group. */
  readonly rows: number;
  /** The number of calls whose rows these are, or were before a rewind. */
  readonly calls: number;
  /** The number of bytes of the batched spans. */
  readonly batchedBytes: number;
  readonly watermark: Watermark;
  /** The greatest step among the rows. */
  readonly lastStep: Step | null;
  /** The number of rows that rewinds have removed. */
  readonly rewound: number;
  /** The rewinds applied. */
  readonly rewinds: readonly Rewind[];
  /** The rewinds not applied yet: nothing may be published before they are. */
  readonly due: readonly Rewind[];
  /** The error and the time of the first failed rewind; null if none has failed. */
  readonly refused: { readonly error: unknown; readonly at: number } | null;
}

/** The start of a run without rows. */
export const noRows = (epoch: number): RowsSoFar => ({
  group: new RowGroupBatches(),
  columns: new MetricColumns(),
  summaries: new MetricSummaries(),
  stamps: new StampRuns(),
  sessions: [],
  rows: 0,
  calls: 0,
  batchedBytes: 0,
  watermark: { epoch, seq: 0 },
  lastStep: null,
  rewound: 0,
  rewinds: [],
  due: [],
  refused: null,
});

/**
 * Continues after a published file; with `reopens`, calls may still join rows of its last session,
 * and the row groups that hold them are reopened.
 */
export function rowsAfter(
  { footer, facts, rows }: PublishedFile,
  reopens: boolean,
  file: MetricsFile,
): RowsSoFar {
  const { groups, regions, fields } = footer;
  const { columns, summaries, stamps, group, ...start } = noRows(facts.watermark.epoch);
  file.continueFrom(groups, regions);
  columns.restore(facts.columns, fields);
  summaries.restore(facts.tallies);
  if (reopens) {
    stamps.restore(facts.stamps);
    const session = rows - (facts.sessions.at(-1)?.firstRow ?? 0);
    const reopened: NamedColumn[][] = [];
    for (let missing = Math.min(session, JOIN_WINDOW_ROWS); missing > 0;) {
      const last = namedColumns(fields, file.reopenLast(fields));
      missing -= last[0]?.length ?? Infinity;
      reopened.unshift(last);
    }
    for (const some of reopened) group.addRows(some);
  }
  const { loggedRows: calls, sessions, watermark, lastStep, rewound, rewinds } = facts;
  return {
    ...start,
    ...{ columns, summaries, stamps, group },
    ...{ rows, calls, sessions, watermark, lastStep, rewound, rewinds },
  };
}

/** Adds the calls of spans of one session. */
export function withSpans(before: RowsSoFar, spans: readonly RowSpan[]): RowsSoFar {
  const { group, columns, summaries, stamps } = before;
  const decoded = decodeSpans(spans);
  const { calls, place } = decoded;
  const { epoch = 0, lastSeq = 0, calls: callsSoFar = null } = spans.at(-1) ?? {};
  const begins = place.rows > 0 && before.sessions.at(-1)?.epoch !== epoch;
  if (begins) stamps.clear();
  let { batchedBytes } = before;
  for (const span of spans) {
    batchedBytes += span.length;
    stamps.add(span);
  }
  summaries.add(decoded);
  group.add(rowBatchOf(decoded, columns), place);
  return {
    ...before,
    batchedBytes,
    sessions: begins ? [...before.sessions, { epoch, firstRow: before.rows }] : before.sessions,
    watermark: { epoch, seq: lastSeq + 1, calls: callsSoFar },
    lastStep: greatestStep(decoded, before.lastStep),
    rows: before.rows + place.rows,
    calls: before.calls + calls,
  };
}

/** The options for sealing a row group. */
export interface SealOptions {
  readonly file: MetricsFile;
  /**
   * The number of rows after which a row group is sealed, not counting those that calls may still
   * join.
   */
  readonly sealRows: number;
  readonly compression: Compression;
}

/**
 * Seals the group once it is full; a group that cannot be written stays the tail, and is retried
 * with the next batch.
 */
export function sealedWhenFull(rows: RowsSoFar, { file, sealRows, compression }: SealOptions): RowsSoFar {
  const { group, columns } = rows;
  const sealable = Math.max(0, group.rows - JOIN_WINDOW_ROWS);
  if (sealable < sealRows && group.bytes * (sealable / Math.max(1, group.rows)) < SEAL_BYTES) return rows;
  const { front, rest } = group.split(columns.fields, JOIN_WINDOW_ROWS);
  file.seal(front, compression);
  return { ...rows, group: rest };
}

/** Adds a pending rewind; it comes before all rows of its session. */
export const withDue = (rows: RowsSoFar, mark: Rewind): RowsSoFar => ({
  ...rows,
  due: [...rows.due, mark],
  watermark: { epoch: mark.epoch, seq: mark.seq + 1, calls: 0 },
});

/**
 * Removes the rows of earlier sessions from a step on; the file and the rows stay unchanged unless
 * everything can be written.
 */
export function* rewinding(
  before: RowsSoFar,
  mark: Rewind,
  { file, compression }: SealOptions,
): Generator<void, RowsSoFar> {
  const { columns, sessions, stamps } = before;
  const { fields } = columns;
  const metrics = new Map(columns.toPlain().map(([metric, name]) => [name, metric]));
  const summaries = new MetricSummaries();
  const count = new SessionCount(sessions);
  let [rows, left] = [0, 0];
  let lastStep: Step | null = null;
  const rest = (some: readonly NamedColumn[]): readonly NamedColumn[] | null => {
    const [step] = some;
    if (step === undefined) return null;
    const kept = rowsLeft(step, stretchesOf(sessions, [mark], rows, step.length));
    count.add(rows, step.length, kept);
    const stay = kept === null ? some : gatherRows(some, kept);
    const calls = callsOf(stay, (name) => metrics.get(name) ?? name);
    summaries.add(calls);
    lastStep = greatestStep(calls, lastStep);
    rows += step.length;
    left += kept?.length ?? step.length;
    return kept === null ? null : stay;
  };
  yield* file.rewrite((index) => rest(namedColumns(fields, file.read(index, fields))), compression);
  const stay = rest(namedColumns(fields, [...before.group.columns(fields)]));
  const group = stay === null ? before.group : new RowGroupBatches();
  if (stay !== null) group.addRows(stay);
  // Calls can no longer join a row of an earlier session.
  if ((sessions.at(-1)?.epoch ?? mark.epoch) < mark.epoch) stamps.clear();
  return {
    ...before,
    ...{ group, summaries, lastStep },
    sessions: count.result(),
    rows: left,
    rewound: before.rewound + rows - left,
    rewinds: [...before.rewinds, mark],
    due: before.due.filter((each) => each !== mark),
    refused: null,
  };
}

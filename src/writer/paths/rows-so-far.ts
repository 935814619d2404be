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
 * What the rows of a run amount to after a batch or a rewind: the rows that are in no sealed group, and the facts for the
 * footer of the file.
 *
 * Each step makes another one. The parts that grow with the run (group, columns, summaries, stamps) are added to in place
 * and handed on, so that only the latest value may be read.
 */
export interface RowsSoFar {
  readonly group: RowGroupBatches;
  readonly columns: MetricColumns;
  readonly summaries: MetricSummaries;
  readonly stamps: StampRuns;
  readonly sessions: readonly Session[];
  /** Rows of the file as it will be, those of the group included. */
  readonly rows: number;
  /** Calls whose rows these are, or were before a rewind. */
  readonly calls: number;
  /** Bytes of the spans that were batched. */
  readonly batchedBytes: number;
  readonly watermark: Watermark;
  /** The greatest step among the rows. */
  readonly lastStep: Step | null;
  /** Rows that rewinds have taken out. */
  readonly rewound: number;
  /** Rewinds that are done. */
  readonly rewinds: readonly Rewind[];
  /** Rewinds that are not done yet: nothing may be published before they are. */
  readonly due: readonly Rewind[];
  /** Why the first of those failed, and when; null while none has. */
  readonly refused: { readonly error: unknown; readonly at: number } | null;
}

/** The start of a run that has no rows. */
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
 * Goes on after a published file; with `reopens`, rows of its last session may still be joined, and the row groups that
 * hold them become the open one again.
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

/** How a row group is sealed. */
export interface SealOptions {
  readonly file: MetricsFile;
  /** Rows after which a row group is sealed, those that calls may still join left aside. */
  readonly sealRows: number;
  readonly compression: Compression;
}

/** Seals the group once it is full; one that cannot be written stays the tail, and is tried again with the next batch. */
export function sealedWhenFull(rows: RowsSoFar, { file, sealRows, compression }: SealOptions): RowsSoFar {
  const { group, columns } = rows;
  const sealable = Math.max(0, group.rows - JOIN_WINDOW_ROWS);
  if (sealable < sealRows && group.bytes * (sealable / Math.max(1, group.rows)) < SEAL_BYTES) return rows;
  const { front, rest } = group.split(columns.fields, JOIN_WINDOW_ROWS);
  file.seal(front, compression);
  return { ...rows, group: rest };
}

/** Notes a rewind that is to be done; it comes before all rows of its session. */
export const withDue = (rows: RowsSoFar, mark: Rewind): RowsSoFar => ({
  ...rows,
  due: [...rows.due, mark],
  watermark: { epoch: mark.epoch, seq: mark.seq + 1, calls: 0 },
});

/** Takes the rows of earlier sessions out from a step on; the file and the rows stay as they are unless all of it can be written. */
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
  // No call joins a row of an earlier session any more.
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

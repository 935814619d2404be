import {
  Observable,
  Subject,
  bufferTime,
  catchError,
  concat,
  concatMap,
  defer,
  filter,
  from,
  last,
  map,
  mergeWith,
  of,
  window,
} from 'rxjs';
import type { RowSpan } from '../../channel/records.js';
import type { Rewind } from '../../channel/rewind.js';
import { MetricColumns } from '../../columnar/metric-columns.js';
import { gatherRows, namedColumns } from '../../columnar/named-columns.js';
import type { NamedColumn } from '../../columnar/record-batch.js';
import { RowGroupBatches } from '../../columnar/row-group.js';
import type { Health } from '../../model/run-file.js';
import type { Step } from '../../model/step.js';
import type { DescriptorCache } from '../../storage/descriptor-cache.js';
import type { FsPort } from '../../storage/fs-port.js';
import { MetricsFile } from '../../storage/metrics-file.js';
import type { PublishFacts } from '../../storage/next-version.js';
import { decodeSpans } from '../../run/rows/decode-spans.js';
import { type PublishedFile, type Session, metadataOf } from '../../run/summaries/file-metadata.js';
import { type FlushOutcome, WRITTEN, attempted, failed } from './flush-outcome.js';
import { inSlices } from './in-slices.js';
import { MetricSummaries } from '../../run/summaries/metric-summaries.js';
import type { Gate } from './publish-gate.js';
import { ration } from './ration.js';
import type { Watermark } from '../../run/replay/replay.js';
import { SessionCount, callsOf, greatestStep, rowsLeft, stretchesOf } from '../../run/rows/rewind-rows.js';
import { rowBatchOf } from '../../run/rows/row-batch.js';
import { JOIN_WINDOW_ROWS } from '../../run/rows/row-joiner.js';
import { spanRowsFor } from '../../run/rows/span-rows.js';
import { StampRuns } from '../../run/rows/stamp-runs.js';

const SEAL_BYTES = 8 * 1024 * 1024;
/** Publishes may take a twentieth of the writer's time, the last one, which waits for nothing, included. */
const REST_FACTOR = 24;

/** Options of a {@link RowsPath}. */
export interface RowsPathOptions {
  readonly fs: FsPort;
  readonly files: DescriptorCache;
  readonly folder: string;
  readonly runUuid: string;
  readonly epoch: number;
  readonly flushIntervalMs: number;
  readonly flushIntervalRows: number;
  readonly compress: boolean;
  /** Rows after which a row group is sealed, those that calls may still join left aside. */
  readonly sealRows: number;
  /** Called before a publish: the WAL goes on in a new segment. */
  readonly onPublishing: () => void;
  /** Called after a publish: everything below the watermark is in the file. */
  readonly onPublished: (watermark: Watermark) => void;
  /** Called when rows of earlier sessions have been taken out. */
  readonly onRewound: (rows: number, fromStep: Step) => void;
  /** Asked before a rename; false when another owner has taken over. */
  readonly mayReplace: () => boolean;
  /** Told of everything that fails or works again. */
  readonly onOutcome: (outcome: FlushOutcome) => void;
  /** How many runs share the thread: each rests the longer, the more there are. */
  readonly openRuns: () => number;
  /** Runs publishes one at a time. */
  readonly gate: Gate;
}

/** Rows that are in the WAL, or a mark among them. */
export type RowItem = RowSpan | Rewind;

/** The path of a run's rows through the second stage: spans to Arrow batches to row groups to `metrics.parquet`. */
export class RowsPath {
  /** Outcomes of publishes and of what failed before one; the last is that of the last publish. */
  readonly outcomes$: Observable<FlushOutcome>;
  /** Calls in the published file. */
  publishedCalls = 0;
  publishes: Health['publishes'] = { count: 0, totalMs: 0 };
  /** Bytes of rows on their way into a batch. */
  pendingBytes = 0;
  /** The greatest step of the rows that have been taken. */
  lastStep: Step | null = null;
  /** Rows that rewinds have taken out. */
  rewound = 0;
  summaries = new MetricSummaries();
  private readonly items$ = new Subject<RowItem>();
  private readonly retries$ = new Subject<FlushOutcome>();
  private readonly hurry$ = new Subject<void>();
  private readonly columns = new MetricColumns();
  private readonly file: MetricsFile;
  private group = new RowGroupBatches();
  private readonly stamps = new StampRuns();
  private sessions: readonly Session[] = [];
  /** Rows of the file as it will be, the group's included. */
  private rows = 0;
  private batchedCalls = 0;
  private watermark: Watermark;
  /** The file on disk has rows that were taken out since. */
  private isStale = false;
  /** Rewinds that are not done yet: nothing may be published before they are. */
  private readonly due: Rewind[] = [];
  /** Those that are done. */
  private rewinds: readonly Rewind[] = [];

  constructor(private readonly options: RowsPathOptions) {
    const { fs, folder, epoch, flushIntervalMs, flushIntervalRows } = options;
    this.file = new MetricsFile(fs, folder, options.files);
    this.watermark = { epoch, seq: 0 };
    this.outcomes$ = concat(
      this.items$.pipe(
        window(this.hurry$),
        concatMap((items$) =>
          items$.pipe(
            bufferTime(flushIntervalMs, null, Math.floor(flushIntervalRows / spanRowsFor(flushIntervalRows))),
          ),
        ),
        filter((items) => items.length > 0),
        concatMap((items) => from(partsOf(items))),
        concatMap((part) => ('fromStep' in part ? this.rewind(part) : this.append(part))),
        mergeWith(this.retries$),
        ration(() => this.publish({ final: false }), {
          restMs: (ms) => Math.max(flushIntervalMs, REST_FACTOR * ms * options.openRuns()),
        }),
      ),
      defer(() => this.publish({ final: true })),
    ).pipe(last(null, WRITTEN));
  }

  /** Takes rows that are in the WAL, in order. */
  next(item: RowItem): void {
    if (!('fromStep' in item)) this.pendingBytes += item.length;
    this.items$.next(item);
  }

  /** Makes a batch of what waits for its interval: there is no room for more. */
  hurry(): void {
    this.hurry$.next();
  }

  /** Tries what failed once more, though nothing new came. */
  retry(): void {
    this.retries$.next(WRITTEN);
  }

  complete(): void {
    this.items$.complete();
    this.retries$.complete();
  }

  /** Closes what is held open between publishes. */
  leave(): void {
    this.file.leave();
  }

  /**
   * Goes on after a published file; with `reopens`, rows of its last session may still be joined, and the row groups that
   * hold them become the one at hand again.
   */
  continueFrom({ footer, facts, rows }: PublishedFile, reopens: boolean): void {
    const { groups, regions, fields } = footer;
    this.file.continueFrom(groups, regions);
    this.columns.restore(facts.columns, fields);
    this.summaries.restore(facts.tallies);
    this.batchedCalls = this.publishedCalls = facts.loggedRows;
    this.rows = rows;
    this.lastStep = facts.lastStep;
    this.watermark = facts.watermark;
    this.rewound = facts.rewound;
    this.rewinds = facts.rewinds;
    this.sessions = facts.sessions;
    if (!reopens) return;
    this.stamps.restore(facts.stamps);
    const session = rows - (facts.sessions.at(-1)?.firstRow ?? 0);
    const reopened: NamedColumn[][] = [];
    for (let missing = Math.min(session, JOIN_WINDOW_ROWS); missing > 0;) {
      const columns = namedColumns(fields, this.file.reopenLast(fields));
      missing -= columns[0]?.length ?? Infinity;
      reopened.unshift(columns);
    }
    for (const columns of reopened) this.group.addRows(columns);
  }

  private append(spans: readonly RowSpan[]): Observable<FlushOutcome> {
    return this.attempted(() => {
      this.take(spans);
      const { group, columns } = this;
      const sealable = Math.max(0, group.rows - JOIN_WINDOW_ROWS);
      if (sealable < this.options.sealRows && group.bytes * (sealable / Math.max(1, group.rows)) < SEAL_BYTES)
        return;
      // A group that cannot be written stays the tail, and is tried again with the next batch.
      const { front, rest } = group.split(columns.fields, JOIN_WINDOW_ROWS);
      this.file.seal(front, this.options.compress);
      this.group = rest;
    });
  }

  private take(spans: readonly RowSpan[]): void {
    const decoded = decodeSpans(spans);
    const { calls, place } = decoded;
    const { epoch = 0, lastSeq = 0, calls: callsSoFar = null } = spans.at(-1) ?? {};
    if (place.rows > 0 && this.sessions.at(-1)?.epoch !== epoch) {
      this.sessions = [...this.sessions, { epoch, firstRow: this.rows }];
      this.stamps.clear();
    }
    for (const span of spans) {
      this.pendingBytes -= span.length;
      this.stamps.add(span);
    }
    this.watermark = { epoch, seq: lastSeq + 1, calls: callsSoFar };
    this.lastStep = greatestStep(decoded, this.lastStep);
    this.summaries.add(decoded);
    this.group.add(rowBatchOf(decoded, this.columns), place);
    this.rows += place.rows;
    this.batchedCalls += calls;
  }

  /** Takes the rows of earlier sessions out from a step on; what fails is tried again before the next publish. */
  private rewind(mark: Rewind): Observable<FlushOutcome> {
    return this.options.gate(
      defer(() => {
        this.due.push(mark);
        // It comes before all rows of its session.
        this.watermark = { epoch: mark.epoch, seq: mark.seq + 1, calls: 0 };
        return inSlices(() => this.rewindDue());
      }).pipe(
        map(() => WRITTEN),
        catchError((error: unknown) => of(failed(error))),
        map((outcome) => this.tell(outcome)),
      ),
    );
  }

  private *rewindDue(): Generator<void> {
    for (let mark = this.due[0]; mark !== undefined; mark = this.due[0]) {
      yield* this.rewinding(mark);
      this.due.shift();
    }
  }

  private *rewinding(mark: Rewind): Generator<void> {
    const { epoch, fromStep } = mark;
    const { fields } = this.columns;
    const metrics = new Map(this.columns.toPlain().map(([metric, name]) => [name, metric]));
    const summaries = new MetricSummaries();
    const count = new SessionCount(this.sessions);
    let [rows, left] = [0, 0];
    let lastStep: Step | null = null;
    const rest = (columns: readonly NamedColumn[]): readonly NamedColumn[] | null => {
      const [step] = columns;
      if (step === undefined) return null;
      const kept = rowsLeft(step, stretchesOf(this.sessions, [mark], rows, step.length));
      count.add(rows, step.length, kept);
      const stay = kept === null ? columns : gatherRows(columns, kept);
      const calls = callsOf(stay, (name) => metrics.get(name) ?? name);
      summaries.add(calls);
      lastStep = greatestStep(calls, lastStep);
      rows += step.length;
      left += kept?.length ?? step.length;
      return kept === null ? null : stay;
    };
    yield* this.file.rewrite(
      (index) => rest(namedColumns(fields, this.file.read(index, fields))),
      this.options.compress,
    );
    const stay = rest(namedColumns(fields, [...this.group.columns(fields)]));
    if (stay !== null) {
      this.group = new RowGroupBatches();
      this.group.addRows(stay);
    }
    // No call joins a row of an earlier session any more.
    if ((this.sessions.at(-1)?.epoch ?? epoch) < epoch) this.stamps.clear();
    this.sessions = count.result();
    this.rows = left;
    this.rewound += rows - left;
    this.rewinds = [...this.rewinds, mark];
    this.lastStep = lastStep;
    this.summaries = summaries;
    this.isStale = true;
    this.options.onRewound(rows - left, fromStep);
  }

  private publish({ final }: { final: boolean }): Observable<FlushOutcome> {
    return this.options.gate(
      defer(() => {
        const isTidy = this.isInPlace && !this.isStale && !(final && this.file.isLoose);
        if (this.batchedCalls === this.publishedCalls && this.due.length === 0 && isTidy) return of(WRITTEN);
        const startedAt = performance.now();
        return inSlices(() => this.publishing(startedAt, final)).pipe(
          map(() => WRITTEN),
          catchError((error: unknown) => of(failed(error))),
          map((outcome) => this.tell(outcome)),
        );
      }),
    );
  }

  /** Somebody may have deleted what is published; where that cannot be told, publishing again does no harm. */
  private get isInPlace(): boolean {
    try {
      return this.file.isInPlace;
    } catch {
      return false;
    }
  }

  private *publishing(startedAt: number, final: boolean): Generator<void, PublishFacts> {
    yield* this.rewindDue();
    const { options, columns, watermark, batchedCalls } = this;
    options.onPublishing();
    const facts = yield* this.file.publish({
      fields: columns.fields,
      tail: this.group.snapshot(),
      compress: options.compress,
      final,
      mayReplace: options.mayReplace,
      metadata: metadataOf({
        runUuid: options.runUuid,
        watermark,
        loggedRows: batchedCalls,
        sessions: this.sessions,
        rewound: this.rewound,
        rewinds: this.rewinds,
        stamps: final ? [] : this.stamps.toPlain(),
        columns: columns.toPlain(),
        tallies: this.summaries.toPlain(),
        lastStep: this.lastStep,
      }),
    });
    this.publishedCalls = batchedCalls;
    this.isStale = false;
    const { count, totalMs } = this.publishes;
    this.publishes = { count: count + 1, totalMs: totalMs + performance.now() - startedAt };
    options.onPublished(watermark);
    return facts;
  }

  private attempted(action: () => void): Observable<FlushOutcome> {
    return attempted(action, this.options.onOutcome);
  }

  private tell(outcome: FlushOutcome): FlushOutcome {
    this.options.onOutcome(outcome);
    return outcome;
  }
}

/** Items in order, rows of one session together. */
function partsOf(items: readonly RowItem[]): (readonly RowSpan[] | Rewind)[] {
  const parts: (RowSpan[] | Rewind)[] = [];
  for (const item of items) {
    const part = parts.at(-1);
    if ('fromStep' in item) parts.push(item);
    else if (Array.isArray(part) && part[0]?.epoch === item.epoch) part.push(item);
    else parts.push([item]);
  }
  return parts;
}

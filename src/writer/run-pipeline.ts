import {
  Observable,
  Subject,
  bufferTime,
  catchError,
  concat,
  concatMap,
  defer,
  filter,
  forkJoin,
  last,
  map,
  mergeWith,
  of,
  window,
} from 'rxjs';
import type { RowSpan } from '../channel/records.js';
import { MetricColumns } from '../columnar/metric-columns.js';
import type { RowBatch } from '../columnar/record-batch.js';
import { RowGroupBatches } from '../columnar/row-group.js';
import type { Health } from '../model/run-file.js';
import type { DescriptorCache } from '../storage/descriptor-cache.js';
import type { FsPort } from '../storage/fs-port.js';
import { MetricsFile, type PublishFacts } from '../storage/metrics-file.js';
import { type DecodedRows, decodeSpans } from './decode-spans.js';
import { type PublishedFile, metadataOf } from './file-metadata.js';
import { inSlices } from './in-slices.js';
import { MetricSummaries } from './metric-summaries.js';
import { ration } from './ration.js';
import type { Watermark } from './replay.js';
import type { Gate } from './publish-gate.js';
import { appendLines, healLog, syncLog, writeConfigFile } from './run-files.js';
import { rowBatchOf } from './row-batch.js';
import type { RunState } from './run-state.js';
import { spanRowsFor } from './span-rows.js';

const SEAL_ROWS = 128 * 1024;
const SEAL_BYTES = 8 * 1024 * 1024;
const TEXT_FLUSH_MS = 100;
const LINES_PER_APPEND = 4096;
/** Publishes may take a twentieth of the writer's time, the last one, which waits for nothing, included. */
const REST_FACTOR = 24;

/** What became of an attempt to write: a value, not an exception, for it happens in the middle of a stream. */
export type FlushOutcome =
  { readonly kind: 'written' } | { readonly kind: 'failed'; readonly error: unknown };

const WRITTEN: FlushOutcome = { kind: 'written' };

/** Options of a {@link RunPipeline}. */
export interface RunPipelineOptions {
  readonly fs: FsPort;
  readonly files: DescriptorCache;
  readonly folder: string;
  readonly runUuid: string;
  readonly epoch: number;
  readonly state: RunState;
  /** Whether lines are synced as they are appended to run.log. */
  readonly power: boolean;
  readonly flushIntervalMs: number;
  readonly flushIntervalRows: number;
  readonly compress: boolean;
  /** Whether rows of one step in one row group become one. */
  readonly mergesSteps: boolean;
  /** Called before a publish: the WAL goes on in a new segment. */
  readonly onPublishing: () => void;
  /** Called after a publish: everything below the watermark is in the file. */
  readonly onPublished: (watermark: Watermark) => void;
  /** Asked before a rename; false when another owner has taken over. */
  readonly mayReplace: () => boolean;
  /** Told of everything that fails or works again. */
  readonly onOutcome: (outcome: FlushOutcome) => void;
  /** Called with how many parameters config.yaml has no room for. */
  readonly onParamsLeftOut: (count: number) => void;
  /** How many runs share the thread: each rests the longer, the more there are. */
  readonly openRuns: () => number;
  /** Runs publishes one at a time. */
  readonly gate: Gate;
}

/**
 * The second stage of the writer, for one run: rows to Arrow batches to `metrics.parquet`, lines to `run.log`,
 * parameters to `config.yaml`.
 *
 * `complete()` ends all three paths; what they hold is written and the last publish made before `done$` emits how it
 * went. Nothing is ever unsubscribed.
 */
export class RunPipeline {
  /** Emits once, after the last write: `written`, or the first failure that was not made good. */
  readonly done$: Observable<FlushOutcome>;
  /** Rows (as logged) in the published file. */
  publishedRows = 0;
  publishes: Health['publishes'] = { count: 0, totalMs: 0 };
  /** Bytes of rows on their way into a batch. */
  pendingBytes = 0;
  /** The greatest step seen, for the mark a resumed run carries. */
  lastStep: number | null = null;
  readonly summaries = new MetricSummaries();
  private readonly spans$ = new Subject<RowSpan>();
  private readonly lines$ = new Subject<string>();
  private readonly params$ = new Subject<string>();
  private readonly retries$ = new Subject<FlushOutcome>();
  private readonly hurry$ = new Subject<void>();
  private readonly columns = new MetricColumns();
  private readonly file: MetricsFile;
  private group: RowGroupBatches;
  private batchedRows = 0;
  private watermark: Watermark;
  /** Whether run.log may hold a part of what is pending: after a failure, and of an earlier owner. */
  private logUnsure = true;

  constructor(private readonly options: RunPipelineOptions) {
    const { fs, folder, epoch, flushIntervalMs, flushIntervalRows } = options;
    this.group = new RowGroupBatches(options.mergesSteps);
    this.file = new MetricsFile(fs, folder, options.files);
    this.watermark = { epoch, seq: 0 };
    const rows$ = this.spans$.pipe(
      window(this.hurry$),
      concatMap((spans$) =>
        spans$.pipe(
          bufferTime(flushIntervalMs, null, Math.floor(flushIntervalRows / spanRowsFor(flushIntervalRows))),
        ),
      ),
      filter((spans) => spans.length > 0),
      map((spans) => this.decode(spans)),
      map((rows) => this.toBatch(rows)),
      concatMap((batch) => this.append(batch)),
      mergeWith(this.retries$),
      ration(() => this.publish({ final: false }), {
        restMs: (ms) => Math.max(flushIntervalMs, REST_FACTOR * ms * options.openRuns()),
      }),
    );
    const log$ = this.lines$.pipe(
      bufferTime(TEXT_FLUSH_MS, null, LINES_PER_APPEND),
      filter((lines) => lines.length > 0),
      concatMap((lines) => this.appendToLog(lines.length)),
    );
    const config$ = this.params$.pipe(
      bufferTime(TEXT_FLUSH_MS),
      filter((params) => params.length > 0),
      concatMap(() => this.attempt(() => this.writeConfig())),
    );
    this.done$ = forkJoin([
      concat(
        rows$,
        defer(() => this.publish({ final: true })),
      ).pipe(last(null, WRITTEN)),
      concat(log$, this.finishLog()).pipe(last(null, WRITTEN)),
      config$.pipe(last(null, WRITTEN)),
    ]).pipe(map((outcomes) => outcomes.find(({ kind }) => kind === 'failed') ?? WRITTEN));
  }

  /** Takes rows, lines or parameters that are in the WAL. */
  rows(span: RowSpan): void {
    this.pendingBytes += span.length;
    this.spans$.next(span);
  }

  line(line: string): void {
    this.lines$.next(line);
  }

  params(text: string): void {
    this.params$.next(text);
  }

  /** Makes a batch of what waits for its interval: there is no room for more. */
  hurry(): void {
    this.hurry$.next();
  }

  /** Tries what failed once more, though nothing new came. */
  retry(): void {
    this.retries$.next(WRITTEN);
    if (this.options.state.log.pending.length > 0) this.line('');
    if (Object.keys(this.options.state.params).length > 0) this.params('');
  }

  complete(): void {
    this.spans$.complete();
    this.lines$.complete();
    this.params$.complete();
    this.retries$.complete();
  }

  /** Closes what is held open between publishes. */
  leave(): void {
    this.file.leave();
  }

  /** Goes on behind a published file. */
  continueFrom({ footer, facts }: PublishedFile): void {
    const { groups, regions, fields } = footer;
    this.file.continueFrom(groups, regions);
    const { columns, tallies, loggedRows, lastStep, watermark } = facts;
    this.columns.restore(columns, fields);
    this.summaries.restore(tallies);
    this.batchedRows = this.publishedRows = loggedRows;
    this.lastStep = lastStep;
    this.watermark = watermark;
  }

  private decode(spans: readonly RowSpan[]): DecodedRows {
    const rows = decodeSpans(spans);
    for (const { length } of spans) this.pendingBytes -= length;
    const lastSpan = spans.at(-1);
    if (lastSpan !== undefined) {
      const { epoch, lastSeq, calls } = lastSpan;
      this.watermark = { epoch, seq: lastSeq + 1, calls };
    }
    this.lastStep = greatestStep(rows.steps, this.lastStep);
    this.summaries.add(rows);
    return rows;
  }

  private toBatch(decoded: DecodedRows): RowBatch {
    this.batchedRows += decoded.rows;
    return rowBatchOf(decoded, this.columns);
  }

  private append(batch: RowBatch): Observable<FlushOutcome> {
    return defer(() => {
      this.group.add(batch);
      if (this.group.rows < SEAL_ROWS && this.group.bytes < SEAL_BYTES) return of(WRITTEN);
      return this.attempt(() => {
        // A group that cannot be written stays the tail, and is tried again with the next batch.
        this.file.seal(this.group, this.columns.fields, this.options.compress);
        this.group = new RowGroupBatches(this.options.mergesSteps);
      });
    });
  }

  private publish({ final }: { final: boolean }): Observable<FlushOutcome> {
    return this.options.gate(
      defer(() => {
        const isTidy = this.isInPlace && !(final && this.file.isLoose);
        if (this.batchedRows === this.publishedRows && isTidy) return of(WRITTEN);
        const startedAt = performance.now();
        return inSlices(() => this.publishing(startedAt, final)).pipe(
          map(() => WRITTEN),
          catchError((error: unknown) => of<FlushOutcome>({ kind: 'failed', error })),
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
    const { options, columns, watermark, batchedRows } = this;
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
        loggedRows: batchedRows,
        columns: columns.toPlain(),
        tallies: this.summaries.toPlain(),
        lastStep: this.lastStep,
      }),
    });
    this.publishedRows = batchedRows;
    const { count, totalMs } = this.publishes;
    this.publishes = { count: count + 1, totalMs: totalMs + performance.now() - startedAt };
    options.onPublished(watermark);
    return facts;
  }

  private writeConfig(): void {
    const { fs, folder, state, onParamsLeftOut } = this.options;
    const leftOut = writeConfigFile(fs, folder, state);
    if (leftOut > 0) onParamsLeftOut(leftOut);
  }

  private appendToLog(count: number): Observable<FlushOutcome> {
    const { options } = this;
    return this.attempt(() =>
      this.logUnsure ? healLog(options, options.state) : appendLines(options, options.state, count),
    ).pipe(
      map((outcome) => {
        this.logUnsure = outcome.kind === 'failed';
        return outcome;
      }),
    );
  }

  private finishLog(): Observable<FlushOutcome> {
    const { options } = this;
    return this.attempt(() => {
      healLog(options, options.state);
      syncLog(options.fs, options.folder);
    });
  }

  private attempt(action: () => void): Observable<FlushOutcome> {
    return defer(() => {
      action();
      return of(WRITTEN);
    }).pipe(
      catchError((error: unknown) => of<FlushOutcome>({ kind: 'failed', error })),
      map((outcome) => this.tell(outcome)),
    );
  }

  private tell(outcome: FlushOutcome): FlushOutcome {
    this.options.onOutcome(outcome);
    return outcome;
  }
}

function greatestStep(steps: Float64Array, before: number | null): number | null {
  let greatest = before ?? -Infinity;
  for (let row = 0; row < steps.length; row++) {
    const step = steps[row] ?? NaN;
    if (step > greatest) greatest = step;
  }
  return greatest === -Infinity ? null : greatest;
}

import { BehaviorSubject, type Observable, Subject, forkJoin, map } from 'rxjs';
import type { LoadedRun } from '../../run/load-state.js';
import { MetricsFile } from '../../storage/metrics-file.js';
import type { PendingLines } from '../files/append-log.js';
import { type ConfigPathOptions, configPath } from './config-path.js';
import { type FlushOutcome, WRITTEN } from './flush-outcome.js';
import { logPath } from './log-path.js';
import { type Published, type RowItem, type RowsPathOptions, rowsPath } from './rows-path.js';
import { type RowsSoFar, noRows, rowsAfter } from './rows-so-far.js';

/** Options of a {@link RunPipeline}. */
export interface RunPipelineOptions
  extends Omit<RowsPathOptions, 'file' | 'rows$' | 'published$'>, Omit<ConfigPathOptions, 'place'> {
  readonly lines: PendingLines;
  /** True if lines are synced when they are appended to run.log. */
  readonly power: boolean;
  /** The rows published by an earlier owner; null for a new run. */
  readonly loaded: Pick<LoadedRun, 'published' | 'reopens'> | null;
}

/**
 * The second stage of the writer, for one run: rows to Arrow batches to `metrics.parquet`, lines to
 * `run.log`, parameters to `config.yaml`.
 *
 * `complete()` ends all three paths; their content is written and the last publish made before
 * `done$` emits the outcome. Nothing is ever unsubscribed.
 */
export class RunPipeline {
  /** Emits once, after the last write: `written`, or the first failure that was not resolved. */
  readonly done$: Observable<FlushOutcome>;
  private readonly items$ = new Subject<RowItem>();
  private readonly hurry$ = new Subject<void>();
  private readonly retry$ = new Subject<void>();
  private readonly lineCame$ = new Subject<void>();
  private readonly paramsCame$ = new Subject<void>();
  private readonly rows$: BehaviorSubject<RowsSoFar>;
  private readonly published$: BehaviorSubject<Published>;
  private readonly file: MetricsFile;
  /** The number of bytes of the spans received. */
  private spanBytes = 0;

  /** @throws ExpmanError `IO`, `CORRUPT` if the file of an earlier owner cannot be read */
  constructor(private readonly options: RunPipelineOptions) {
    const { place, loaded, power } = options;
    const { fs, folder, epoch, files } = place;
    const file = (this.file = new MetricsFile(fs, folder, files));
    const published = loaded?.published ?? null;
    const start = published === null ? noRows(epoch) : rowsAfter(published, loaded?.reopens === true, file);
    this.rows$ = new BehaviorSubject(start);
    this.published$ = new BehaviorSubject({
      ...{ calls: start.calls, rewinds: start.rewinds.length },
      ...{ count: 0, totalMs: 0 },
    });
    const { items$, hurry$, retry$, rows$, published$ } = this;
    this.done$ = forkJoin([
      rowsPath({ items$, hurry$, retry$ }, { ...options, file, rows$, published$ }),
      logPath(this.lineCame$, { ...options, place: { fs, folder, power } }),
      configPath(this.paramsCame$, options),
    ]).pipe(map((outcomes) => outcomes.find(({ kind }) => kind === 'failed') ?? WRITTEN));
  }

  /** The rows batched so far. */
  get rows(): RowsSoFar {
    return this.rows$.value;
  }

  /** The part of them that is in `metrics.parquet`. */
  get published(): Published {
    return this.published$.value;
  }

  /** The number of bytes of rows waiting for a batch. */
  get pendingBytes(): number {
    return this.spanBytes - this.rows.batchedBytes;
  }

  /** Adds rows that are in the WAL, in order. */
  next(item: RowItem): void {
    if (!('fromStep' in item)) this.spanBytes += item.length;
    this.items$.next(item);
  }

  /** Signals that another line waits for run.log. */
  lineCame(): void {
    this.lineCame$.next();
  }

  /** Signals that the parameters have changed. */
  paramsCame(): void {
    this.paramsCame$.next();
  }

  /** Makes a batch of the waiting rows before their interval ends: there is no room for more. */
  hurry(): void {
    this.hurry$.next();
  }

  /** Retries failed work, although nothing new was added. */
  retry(): void {
    const { lines, state } = this.options;
    this.retry$.next();
    if (lines.log.pending.length > 0) this.lineCame();
    if (Object.keys(state.paramRecords.merged).length > 0) this.paramsCame();
  }

  /** Ends the paths. */
  complete(): void {
    for (const input$ of [this.items$, this.hurry$, this.retry$, this.lineCame$, this.paramsCame$])
      input$.complete();
  }

  /** Closes the files held open between publishes. */
  leave(): void {
    this.file.leave();
  }
}

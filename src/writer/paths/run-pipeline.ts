import { type Observable, Subject, bufferTime, concat, concatMap, filter, forkJoin, last, map } from 'rxjs';
import { type FlushOutcome, WRITTEN, attempted } from './flush-outcome.js';
import { appendLines, healLog, syncLog } from '../files/append-log.js';
import { writeConfigFile } from '../files/write-config-file.js';
import { RowsPath, type RowsPathOptions } from './rows-path.js';
import type { RunState } from '../../run/run-state.js';

const TEXT_FLUSH_MS = 100;
const LINES_PER_APPEND = 4096;

/** Options of a {@link RunPipeline}. */
export interface RunPipelineOptions extends RowsPathOptions {
  readonly state: RunState;
  /** Whether lines are synced as they are appended to run.log. */
  readonly power: boolean;
  /** Called with how many parameters config.yaml has no room for. */
  readonly onParamsLeftOut: (count: number) => void;
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
  readonly rows: RowsPath;
  private readonly lines$ = new Subject<string>();
  private readonly params$ = new Subject<string>();
  /** Whether run.log may hold a part of what is pending: after a failure, and of an earlier owner. */
  private logUnsure = true;

  constructor(private readonly options: RunPipelineOptions) {
    this.rows = new RowsPath(options);
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
      this.rows.outcomes$,
      concat(log$, this.finishLog()).pipe(last(null, WRITTEN)),
      config$.pipe(last(null, WRITTEN)),
    ]).pipe(map((outcomes) => outcomes.find(({ kind }) => kind === 'failed') ?? WRITTEN));
  }

  line(line: string): void {
    this.lines$.next(line);
  }

  params(text: string): void {
    this.params$.next(text);
  }

  /** Tries what failed once more, though nothing new came. */
  retry(): void {
    this.rows.retry();
    if (this.options.state.log.pending.length > 0) this.line('');
    if (Object.keys(this.options.state.params).length > 0) this.params('');
  }

  complete(): void {
    this.rows.complete();
    this.lines$.complete();
    this.params$.complete();
  }

  /** Closes what is held open between publishes. */
  leave(): void {
    this.rows.leave();
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
    return attempted(action, this.options.onOutcome);
  }
}

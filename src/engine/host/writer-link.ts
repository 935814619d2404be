import { Observable, Subject, distinctUntilChanged, map } from 'rxjs';
import type { ChannelWriter } from '../../channel/channel-writer.js';
import { jsonable } from '../../model/jsonable.js';
import type { LiveStatus } from '../../model/live.js';
import type { Degradation, Health, RunSummary } from '../../model/run-file.js';
import type { RunStatus } from '../../model/run-status.js';
import type { StopRequest } from '../../model/stop-request.js';
import {
  type FromWriter,
  type PlainError,
  type RunOpening,
  errorFrom,
} from '../../writer/thread/writer-messages.js';
import type { WriterHost } from './writer-host.js';

const LOSS_REPORTED_EVERY_MS = 100;

/** The options of a {@link WriterLink}. */
export interface WriterLinkOptions {
  readonly host: WriterHost;
  readonly runDir: string;
  readonly channel: ChannelWriter;
  /** Writes a warning about the run into run.log, once for each subject. */
  readonly warn: (subject: string, message: string, meta?: Readonly<Record<string, unknown>>) => void;
  /** Called when the writer has finished the run, before anyone else is notified. */
  readonly onFinish: () => void;
  /** Called when the run is asked to end. */
  readonly onStop: (request: StopRequest) => void;
}

/** The outcome of a run, once its writer has finished it. */
type Outcome = Extract<LiveStatus, { readonly kind: 'closed' | 'unwritten' }>;

/**
 * The link between a run and its writer: sends flushes, and receives health and finally the
 * summary.
 */
export class WriterLink {
  /** The run's number in its process. */
  readonly runId: number;
  /** Resolves when the writer has finished the run; rejects if some of it could not be written. */
  readonly closed: Promise<RunSummary>;
  /** The run's health on subscription, then after every change. */
  readonly health$ = this.onChange(() => this.health());
  /** The run's status on subscription, then after every change. */
  readonly status$ = this.onChange(() => this.status()).pipe(
    distinctUntilChanged((one, other) => one.kind === other.kind && whyOf(one) === whyOf(other)),
  );
  private readonly changes$ = new Subject<void>();
  private readonly flushes = new Map<number, (error: PlainError | null) => void>();
  private settle: Settle = { resolve: () => undefined, reject: () => undefined };
  private closingAs: RunStatus | null = null;
  private outcome: Outcome | null = null;
  private publishedRows = 0;
  private publishes: Health['publishes'] = { count: 0, totalMs: 0 };
  private degraded: Degradation | null = null;
  private alerts: Health['alerts'] = { sent: 0, pending: 0, failure: null };
  private lossReportedAt = -Infinity;

  constructor(private readonly options: WriterLinkOptions) {
    this.runId = options.host.newId();
    this.closed = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    // `closed` need not be handled, so its rejection must not end the process; the error is in
    // run.yaml too.
    this.closed.catch(() => undefined);
  }

  /** True once the writer has finished the run, whether or not all of it could be written. */
  get isFinished(): boolean {
    return this.outcome !== null;
  }

  /** Passes the run to the writer. */
  open(opening: RunOpening): void {
    const { host, channel } = this.options;
    this.degraded = opening.degraded;
    host.open({
      opening,
      committed: () => channel.seq,
      acknowledged: () => channel.control.seq(),
      isCutNoted: () => channel.control.isCutNoted,
      stuck: () => channel.control.stuck,
      onMessage: (message) => this.received(message),
      onWriterLost: (degraded) => {
        this.degraded = degraded;
        this.changes$.next();
      },
    });
  }

  /**
   * Resolves when everything logged before the call is as durable as the options require; rejects
   * if it cannot be.
   */
  flush(): Promise<void> {
    if (this.isFinished) return this.closed.then(() => undefined);
    const { host, channel, runDir } = this.options;
    const { runId } = this;
    const flushId = host.newId();
    host.hold();
    return new Promise<void>((resolve, reject) => {
      this.flushes.set(flushId, (error) => {
        host.release();
        if (error === null) resolve();
        else reject(errorFrom(error, runDir));
      });
      host.flush({ runId, flushId, seq: channel.seq });
    });
  }

  /** Marks the run as closing; its end is sent through the channel later. */
  closing(status: RunStatus): void {
    this.closingAs = status;
    this.changes$.next();
  }

  /**
   * Reports that something was left out or dropped, at most every {@link LOSS_REPORTED_EVERY_MS}.
   */
  reportLoss(): void {
    const now = performance.now();
    if (!this.changes$.observed || now - this.lossReportedAt < LOSS_REPORTED_EVERY_MS) return;
    this.lossReportedAt = now;
    this.changes$.next();
  }

  /** The current status of the run. */
  status(): LiveStatus {
    if (this.outcome !== null) return this.outcome;
    if (this.closingAs !== null) return { kind: 'closing', status: this.closingAs };
    return this.degraded === null ? { kind: 'running' } : { kind: 'degraded', why: this.degraded };
  }

  private health(): Health {
    const { channel } = this.options;
    const { control } = channel;
    return {
      accepted: channel.rows,
      flushed: control.acknowledged().rows,
      published: this.publishedRows,
      publishes: this.publishes,
      dropped: control.dropped,
      invalid: control.invalid,
      degraded: this.degraded,
      alerts: this.alerts,
    };
  }

  private received(message: FromWriter): void {
    const { warn } = this.options;
    switch (message.kind) {
      case 'flushed':
        this.flushes.get(message.flushId)?.(message.error);
        this.flushes.delete(message.flushId);
        return;
      case 'health':
        this.publishedRows = message.published;
        this.publishes = message.publishes;
        this.degraded = message.degraded;
        this.changes$.next();
        return;
      case 'stop requested':
        this.options.onStop(message.request);
        return;
      case 'alerts':
        this.alerts = message.alerts;
        this.changes$.next();
        return;
      case 'params left out':
        warn('params room', 'config.yaml has no room for all parameters', { leftOut: message.count });
        return;
      case 'system failed':
        warn('system', `system.parquet cannot be written: ${message.message}`);
        return;
      case 'closed':
        this.finish(message.summary, message.error);
        return;
      case 'ready':
        return;
      default:
        message satisfies never;
    }
  }

  private finish(summary: RunSummary, error: PlainError | null): void {
    const { host, runDir, channel, onFinish } = this.options;
    // The message that brought them has left their methods behind.
    jsonable(summary.metrics);
    const outcome: Outcome =
      error === null ? { kind: 'closed', summary } : { kind: 'unwritten', error: errorFrom(error, runDir) };
    this.outcome = outcome;
    onFinish();
    if (error === null) this.publishedRows = channel.rows;
    else
      this.degraded = {
        code: error.errno ?? error.code,
        message: error.message,
        since: new Date().toISOString(),
      };
    for (const answer of this.flushes.values()) answer(error);
    this.flushes.clear();
    host.forget(this.runId);
    this.changes$.next();
    this.changes$.complete();
    channel.dispose();
    if (outcome.kind === 'unwritten') this.settle.reject(outcome.error);
    else this.settle.resolve(summary);
  }

  /** Emits the value of `look` on subscription, then after every change. */
  private onChange<T>(look: () => T): Observable<T> {
    return new Observable((subscriber) => {
      subscriber.next(look());
      return this.changes$.pipe(map(look)).subscribe(subscriber);
    });
  }
}

interface Settle {
  readonly resolve: (summary: RunSummary) => void;
  readonly reject: (error: unknown) => void;
}

const whyOf = (status: LiveStatus): string | null => (status.kind === 'degraded' ? status.why.code : null);

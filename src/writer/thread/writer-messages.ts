import { ExpmanError } from '../../model/errors.js';
import type { ResolvedOptions } from '../../model/experiment-config.js';
import type { Degradation, Health, RunIdentity, RunSummary } from '../../model/run-file.js';
import type { StopRequest } from '../../model/stop-request.js';
import type { Webhook } from '../../model/webhook.js';
import type { LockOwner } from '../../storage/lock-file.js';

/** The facts a writer needs to take over a run from its engine. */
export interface RunOpening {
  /** The number of the run in its process. */
  readonly runId: number;
  readonly folder: string;
  readonly identity: RunIdentity;
  readonly owner: LockOwner;
  readonly options: ResolvedOptions;
  /** The memory of the run's control words; see channel/run-control.ts. */
  readonly control: SharedArrayBuffer;
  /** True if the folder already holds rows, of an earlier owner or of a writer that died. */
  readonly continues: boolean;
  /**
   * True if this opening resumes an earlier owner's run; the newest mark of its `resumed` waits for
   * its step.
   */
  readonly resumes: boolean;
  /**
   * The duration of the run when this owner took it, the sum of its sessions, and the time of that
   * by the monotonic clock; in milliseconds.
   */
  readonly clock: { readonly lastedMs: number; readonly takenAtMs: number };
  /** The counts of earlier owners; rows are counted from the files. */
  readonly before: { readonly dropped: number; readonly invalid: number };
  /** Set if a writer thread of the run died; stays in run.yaml to the end. */
  readonly degraded: Degradation | null;
  /**
   * True if the rows are copied from another run and must not change: rows of one step are not
   * merged.
   */
  readonly isCopy?: boolean;
  /** The webhook for its alerts; null or absent for none. Passed in memory, and written nowhere. */
  readonly webhook?: Webhook | null;
}

/**
 * The figures that only the caller's thread can measure, since its last message; times in
 * milliseconds.
 */
export interface CallerFacts {
  /** The share of the time its event loop was not waiting, 0 to 1. */
  readonly utilization: number;
  readonly delayMeanMs: number;
  readonly delayMaxMs: number;
  readonly gcCount: number;
  readonly gcPauseMs: number;
  readonly gcPauseMaxMs: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
}

/** A message from the caller's thread to a writer. */
export type ToWriter =
  | { readonly kind: 'arena'; readonly id: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'open'; readonly opening: RunOpening }
  /** Requests an answer once `seq` records are as durable as the run's options require. */
  | { readonly kind: 'flush'; readonly runId: number; readonly flushId: number; readonly seq: number }
  /** A channel has content, and the poll had backed off. */
  | { readonly kind: 'wake' }
  /** The figures of the caller's thread, for system.parquet. */
  | { readonly kind: 'caller'; readonly facts: CallerFacts }
  /** No run is open any more; the thread ends. */
  | { readonly kind: 'end' };

/** An error in the form that is sent between threads. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly errno?: string;
  /** The number of rows that are only in memory. */
  readonly count: number;
}

/** The error with which a close, a flush or a recovery of the run in `folder` rejects. */
export function errorFrom({ code, message, errno, count }: PlainError, folder: string): ExpmanError {
  return new ExpmanError(
    code === 'FENCED' || code === 'CORRUPT' || code === 'UNSUPPORTED_VERSION' ? code : 'WRITE_FAILED',
    `${folder}: ${message} (${count} rows are not in metrics.parquet)`,
    { path: folder, count, ...(errno !== undefined && { errno }) },
  );
}

/** A message from a writer to the caller's thread. */
export type FromWriter =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'flushed';
      readonly runId: number;
      readonly flushId: number;
      readonly error: PlainError | null;
    }
  | {
      readonly kind: 'health';
      readonly runId: number;
      readonly published: number;
      readonly publishes: Health['publishes'];
      readonly degraded: Degradation | null;
    }
  /** The run was asked to end. */
  | { readonly kind: 'stop requested'; readonly runId: number; readonly request: StopRequest }
  /** Alerts were sent, or not. */
  | { readonly kind: 'alerts'; readonly runId: number; readonly alerts: Health['alerts'] }
  /** The number of parameters for which config.yaml has no room. */
  | { readonly kind: 'params left out'; readonly runId: number; readonly count: number }
  /** system.parquet cannot be written; this is retried, and does not affect the run. */
  | { readonly kind: 'system failed'; readonly runId: number; readonly message: string }
  | {
      readonly kind: 'closed';
      readonly runId: number;
      readonly summary: RunSummary;
      readonly error: PlainError | null;
    };

import { ExpmanError } from '../../model/errors.js';
import type { ResolvedOptions } from '../../model/experiment-config.js';
import type { Degradation, Health, RunIdentity, RunSummary } from '../../model/run-file.js';
import type { LockOwner } from '../../storage/lock-file.js';

/** All a writer must know to take a run over from its engine. */
export interface RunOpening {
  /** Number of the run in its process. */
  readonly runId: number;
  readonly folder: string;
  readonly identity: RunIdentity;
  readonly owner: LockOwner;
  readonly options: ResolvedOptions;
  /** The memory of the run's control words; see channel/run-control.ts. */
  readonly control: SharedArrayBuffer;
  /** The folder holds rows already: of an earlier owner, or of a writer that died. */
  readonly continues: boolean;
  /** This opening takes an earlier owner's run up again; the newest mark of its `resumed` waits for its step. */
  readonly resumes: boolean;
  /** How long the run had lasted when this owner took it, its sessions summed, and when that was by the monotonic clock; in milliseconds. */
  readonly clock: { readonly lastedMs: number; readonly takenAtMs: number };
  /** What earlier owners counted; rows are counted from the files. */
  readonly before: { readonly dropped: number; readonly invalid: number };
  /** A writer thread died under the run; told in run.yaml to the end. */
  readonly degraded: Degradation | null;
  /** Whether the rows are those of another run, to be kept as they are: rows of one step do not merge. */
  readonly isCopy?: boolean;
}

/** What only the caller's thread knows of itself, since it last said so; times in milliseconds. */
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

/** What the caller's thread says to a writer. */
export type ToWriter =
  | { readonly kind: 'arena'; readonly id: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'open'; readonly opening: RunOpening }
  /** Asks for an answer once `seq` records are as durable as the run's options say. */
  | { readonly kind: 'flush'; readonly runId: number; readonly flushId: number; readonly seq: number }
  /** Something is in a channel, and the poll had backed off. */
  | { readonly kind: 'wake' }
  /** How the caller's thread is doing, for system.parquet. */
  | { readonly kind: 'caller'; readonly facts: CallerFacts }
  /** No run is open; the thread ends. */
  | { readonly kind: 'end' };

/** An error as it crosses threads. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly errno?: string;
  /** Rows that are in memory only. */
  readonly count: number;
}

/** The error a close, a flush or a recovery of the run in `folder` rejects with. */
export function errorFrom({ code, message, errno, count }: PlainError, folder: string): ExpmanError {
  return new ExpmanError(
    code === 'FENCED' || code === 'CORRUPT' || code === 'UNSUPPORTED_VERSION' ? code : 'WRITE_FAILED',
    `${folder}: ${message} (${count} rows are not in metrics.parquet)`,
    { path: folder, count, ...(errno !== undefined && { errno }) },
  );
}

/** What a writer says to the caller's thread. */
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
  /** How many parameters config.yaml has no room for. */
  | { readonly kind: 'params left out'; readonly runId: number; readonly count: number }
  /** system.parquet cannot be written; tried again, and the run is not worse for it. */
  | { readonly kind: 'system failed'; readonly runId: number; readonly message: string }
  | {
      readonly kind: 'closed';
      readonly runId: number;
      readonly summary: RunSummary;
      readonly error: PlainError | null;
    };

import type { MessagePort } from 'node:worker_threads';
import type { ArtifactFiles, LogArtifactOptions } from '../../engine/files/version-call.js';
import type { ArtifactCall } from '../../engine/files/artifacts.js';
import type { CheckpointContent } from '../../engine/files/checkpoint-call.js';
import type { ResolvedOptions } from '../../model/experiment-config.js';
import type { CheckpointOptions } from '../../model/keep-rule.js';
import type { RunName } from '../../model/names.js';
import type { Step } from '../../model/step.js';
import type { StopRequest } from '../../model/stop-request.js';
import type { PortableError } from './portable-error.js';

/** The data that a trial's thread is started with. */
export interface TrialThreadData {
  /** Address of the module that trains. */
  readonly module: string;
  readonly port: MessagePort;
  /**
   * The control words of the channel for rows, lines and parameters; see channel/chunk-layout.ts.
   */
  readonly wire: SharedArrayBuffer;
  /** A single word: 1 once there is an `abort` among the messages, for a loop that lets none in. */
  readonly aborted: SharedArrayBuffer;
  readonly number: number;
  readonly attempt: number;
  readonly params: unknown;
  readonly slot: number;
  readonly runDir: string;
  readonly runName: RunName;
  readonly options: ResolvedOptions;
}

/** Messages from a trial's thread; everything logged before one is in the channel by then. */
export type FromTrial =
  /** Memory of the channel; sent before a chunk in it is used. */
  | { readonly kind: 'arena'; readonly id: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'channel'; readonly control: SharedArrayBuffer }
  /** Something was logged while the reader was asleep. */
  | { readonly kind: 'logged' }
  | { readonly kind: 'flush'; readonly call: number }
  | { readonly kind: 'artifact'; readonly call: number; readonly artifact: ArtifactCall }
  | { readonly kind: 'checkpoint'; readonly call: number; readonly checkpoint: SentCheckpoint }
  | {
      readonly kind: 'log version';
      readonly call: number;
      readonly name: string;
      readonly files: ArtifactFiles;
      readonly options: LogArtifactOptions;
    }
  | { readonly kind: 'use version'; readonly call: number; readonly ref: string }
  /** `run.metrics` has completed, or failed. */
  | { readonly kind: 'metrics ended'; readonly error: PortableError | null }
  /** The training is over. */
  | { readonly kind: 'ended'; readonly error: PortableError | null };

/** The arguments of `saveCheckpoint`, in a form that can be sent. */
export interface SentCheckpoint {
  readonly step: Step;
  readonly content: CheckpointContent;
  readonly options: CheckpointOptions | undefined;
}

/** Messages to a trial's thread. */
export type ToTrial =
  /** With the request to stop, if that is the reason, so that no thread hears of one without the other. */
  | { readonly kind: 'abort'; readonly reason: string; readonly request: StopRequest | null }
  /** Somebody has asked the run to end after it was aborted. */
  | { readonly kind: 'stop'; readonly request: StopRequest }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: PortableError };

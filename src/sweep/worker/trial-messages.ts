import type { MessagePort } from 'node:worker_threads';
import type { ArtifactCall } from '../../engine/files/artifacts.js';
import type { ResolvedOptions } from '../../model/experiment-config.js';
import type { RunName } from '../../model/names.js';
import type { PortableError } from './portable-error.js';

/** What the thread of a trial is started with. */
export interface TrialThreadData {
  /** Address of the module that trains. */
  readonly module: string;
  readonly port: MessagePort;
  /** The control words of the channel that rows, lines and parameters come through; see channel/chunk-layout.ts. */
  readonly wire: SharedArrayBuffer;
  /** One word: 1 once there is an `abort` among the messages, for a loop that lets none in. */
  readonly aborted: SharedArrayBuffer;
  readonly number: number;
  readonly attempt: number;
  readonly params: unknown;
  readonly runDir: string;
  readonly runName: RunName;
  readonly options: ResolvedOptions;
}

/** What the thread of a trial says; all that was logged before is in the channel by then. */
export type FromTrial =
  /** Memory of the channel; comes before a chunk in it is used. */
  | { readonly kind: 'arena'; readonly id: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'channel'; readonly control: SharedArrayBuffer }
  /** Something was logged while nobody looked. */
  | { readonly kind: 'logged' }
  | { readonly kind: 'flush'; readonly call: number }
  | { readonly kind: 'artifact'; readonly call: number; readonly artifact: ArtifactCall }
  /** `run.metrics` was completed, or failed. */
  | { readonly kind: 'metrics ended'; readonly error: PortableError | null }
  /** The training is over. */
  | { readonly kind: 'ended'; readonly error: PortableError | null };

/** What is said to the thread of a trial. */
export type ToTrial =
  | { readonly kind: 'abort'; readonly reason: string }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: PortableError };

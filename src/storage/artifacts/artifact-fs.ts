import type { Awaitable } from '../atomic-file.js';
import type { FsPort } from '../fs-port.js';

type Call =
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'close'
  | 'statOpen'
  | 'stat'
  | 'list'
  | 'makeFolder'
  | 'removeFolder'
  | 'rename'
  | 'link'
  | 'remove'
  | 'syncFolder';

/**
 * The calls of the file system that the store of artifacts makes. An {@link FsPort} fits, and so
 * does one whose calls return promises: contents may be large, and a run must not wait for them.
 */
export type ArtifactFs = {
  readonly [K in Call]: (...args: Parameters<FsPort[K]>) => Awaitable<ReturnType<FsPort[K]>>;
};

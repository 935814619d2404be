import type { DescriptorCache } from './descriptor-cache.js';
import type { FsPort } from './fs-port.js';

/** Where the files of a run are written, for which run and by which of its owners. */
export interface RunPlace {
  readonly fs: FsPort;
  readonly files: DescriptorCache;
  readonly folder: string;
  readonly runUuid: string;
  /** The owner's number. */
  readonly epoch: number;
}

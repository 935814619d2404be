import type { DescriptorCache } from './descriptor-cache.js';
import type { FsPort } from './fs-port.js';

/** The place where the files of a run are written, with the run and its current owner. */
export interface RunPlace {
  readonly fs: FsPort;
  readonly files: DescriptorCache;
  readonly folder: string;
  readonly runUuid: string;
  /** The owner's number. */
  readonly epoch: number;
}

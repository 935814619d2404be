import type { ArenaSource } from '../../channel/chunk-pool.js';
import type { DescriptorCache } from '../../storage/descriptor-cache.js';
import type { FsPort } from '../../storage/fs-port.js';
import type { Gate } from '../paths/publish-gate.js';
import type { SystemSampler } from '../system/system-sampler.js';
import type { FromWriter } from '../thread/writer-messages.js';

/** The context shared by all runs of a writer. */
export interface SessionContext {
  readonly fs: FsPort;
  readonly files: DescriptorCache;
  readonly arenas: ArenaSource;
  readonly post: (message: FromWriter) => void;
  /** Milliseconds since the epoch: for stamps, never for intervals. */
  readonly now: () => number;
  /** See model/monotonic.ts. */
  readonly monotonic: () => number;
  readonly openRuns: () => number;
  /** True if there will be no second stage. */
  readonly walOnly: () => boolean;
  /** The number of rows after which a row group is sealed. */
  readonly sealRows: number;
  /** Null while YAML is still loading. */
  readonly yamlParts: () => YamlParts | null;
}

/** The parts of the writer that need YAML. */
export type YamlParts = typeof import('../thread/yaml-parts.js');

/** The parts of the writer that need Arrow, Parquet and RxJS; loaded after the first drain. */
export type ColumnarParts = typeof import('../thread/columnar-parts.js');

/** The second stage: these parts, with the gate and the sampler that all runs share. */
export interface SecondStage extends Pick<
  ColumnarParts,
  'RunPipeline' | 'SessionAlerts' | 'SystemFile' | 'loadRun' | 'readIdentity'
> {
  readonly gate: Gate;
  readonly sampler: SystemSampler;
}

/** Returns the parts that need YAML; they must be loaded by now. */
export function yamlOf({ yamlParts }: Pick<SessionContext, 'yamlParts'>): YamlParts {
  const parts = yamlParts();
  if (parts === null) throw new Error('the writer of run.yaml is not loaded yet');
  return parts;
}

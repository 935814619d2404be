import type { Degradation } from '../../model/run-file.js';
import type { FromWriter, RunOpening } from '../../writer/thread/writer-messages.js';

/** A run, as seen by the host of its writer. */
export interface HostedRun {
  readonly opening: RunOpening;
  /** The number of records committed to its channel. */
  readonly committed: () => number;
  /** The number of records acknowledged by its writer. */
  readonly acknowledged: () => number;
  /** True once run.yaml records the end of the process. */
  readonly isCutNoted: () => boolean;
  /** True while the disk refuses the run's rows, and once its writer has finished it. */
  readonly stuck: () => boolean;
  readonly onMessage: (message: FromWriter) => void;
  /** Called when the writer died, or cannot work in a thread, before another one takes over. */
  readonly onWriterLost: (degraded: Degradation) => void;
}

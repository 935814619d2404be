import type { Degradation } from '../../model/run-file.js';
import type { FromWriter, RunOpening } from '../../writer/thread/writer-messages.js';

/** A run as the host of its writer sees it. */
export interface HostedRun {
  readonly opening: RunOpening;
  /** Records committed to its channel. */
  readonly committed: () => number;
  /** Records its writer acknowledged. */
  readonly acknowledged: () => number;
  /** True once run.yaml says what the end of the process means for the run. */
  readonly isCutNoted: () => boolean;
  /** True while the disk refuses the run's rows, and when its writer is done with it. */
  readonly stuck: () => boolean;
  readonly onMessage: (message: FromWriter) => void;
  /** The writer died, or cannot work in a thread; called before another one takes over. */
  readonly onWriterLost: (degraded: Degradation) => void;
}

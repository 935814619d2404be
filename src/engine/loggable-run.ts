import type { LoggingEngine } from './logging-engine.js';

/**
 * A run as code that logs into it needs it: everything but its end, which is for who opened it.
 *
 * A {@link LoggingEngine} is one, and so is the run of a sweep's trial in a worker thread.
 */
export type LoggableRun = Pick<
  LoggingEngine,
  | 'runDir'
  | 'runName'
  | 'metrics'
  | 'logger'
  | 'logMetrics'
  | 'logParams'
  | 'logHistogram'
  | 'saveArtifact'
  | 'flush'
  | 'live'
  | 'metric'
>;

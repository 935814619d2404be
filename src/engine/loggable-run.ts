import type { LoggingEngine } from './logging-engine.js';

/**
 * A run for code that logs to it: everything except its end, which is up to the code that opened
 * it.
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
  | 'recorder'
  | 'logParams'
  | 'summary'
  | 'defineMetric'
  | 'alert'
  | 'logHistogram'
  | 'saveArtifact'
  | 'saveCheckpoint'
  | 'logArtifact'
  | 'useArtifact'
  | 'flush'
  | 'live'
  | 'signal'
  | 'stop$'
  | 'metric'
>;

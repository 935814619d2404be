/**
 * Operators over the metrics of a run, and for logging to one: smoothing, early stopping, alerts,
 * rates, charts.
 *
 * @packageDocumentation
 */
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../../model/errors.js';
export type { MetricPoint, MetricRow, MetricValue } from '../../model/metric.js';
export type { Step } from '../../model/step.js';
export { best } from './best.js';
export type { StepPoint } from './curve-sketch.js';
export { type Divergence, type DivergenceOptions, divergence } from './divergence.js';
export { type DownsampleOptions, downsample } from './downsample.js';
export { ema } from './ema.js';
export {
  type Estimate,
  type Eta,
  type EtaOptions,
  type NoEstimate,
  type Progress,
  type Reached,
  eta,
} from './eta.js';
export { type LogLatencyOptions, logLatency } from './log-latency.js';
export { logTo } from './log-to.js';
export { movingAverage } from './moving-average.js';
export type { Mode, Numeric, WithNumber } from './numeric.js';
export { type Plateau, type PlateauOptions, plateau } from './plateau.js';
export { type RateOptions, rate } from './rate.js';
export type { LogRowsOptions, LogValuesOptions, RowLike, RowLikeOf, ValueLike } from './row-observer.js';
export type { RunSink, UncheckedRow } from './run-sink.js';
export { type EmitterLike, type TeeEventOptions, tee } from './tee.js';

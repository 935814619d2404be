/**
 * OpenTelemetry: a run's latest numbers as observable gauges of a meter.
 *
 * @packageDocumentation
 */
export {
  type GaugeMeter,
  observe,
  type ObservableGauge,
  type ObservableResult,
  type ObservedRun,
  type ObserveOptions,
} from './observe.js';
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../../model/errors.js';
export type { LiveMetric, LiveSnapshot } from '../../model/live.js';
export type { MetricValue } from '../../model/metric.js';
export type { Step } from '../../model/step.js';

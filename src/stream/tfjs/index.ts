/**
 * Callbacks for TensorFlow.js that log the measurements of `model.fit` to a run.
 *
 * @packageDocumentation
 */
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../../model/errors.js';
export type { RunSink, UncheckedRow } from '../operators/run-sink.js';
export { fitCallbacks, type FitCallbacks, type FitCallbacksOptions, type FitLogs } from './fit-callbacks.js';

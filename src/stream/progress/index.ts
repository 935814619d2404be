/**
 * Progress of runs while they log: bars on a terminal, lines elsewhere.
 *
 * @packageDocumentation
 */
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../../model/errors.js';
export { type Progress, type ProgressOptions, type ProgressRun, progress } from './progress.js';
export type { ProgressStream } from './screen.js';
export { sparkline } from './sparkline.js';

/**
 * Progress of runs while they log: bars on a terminal, lines elsewhere.
 *
 * @packageDocumentation
 */
export { type Progress, type ProgressOptions, type ProgressRun, progress } from './progress.js';
export type { ProgressStream } from './screen.js';
export { sparkline } from './sparkline.js';

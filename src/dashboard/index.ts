/**
 * The dashboard: a page that shows experiments, runs and their curves while they grow.
 *
 * @packageDocumentation
 */
export { type Dashboard, type ServeOptions, serve } from './server/serve.js';
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../model/errors.js';
export { type ReportOptions, writeReport } from './report/write-report.js';

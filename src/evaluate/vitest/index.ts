/**
 * A reporter for Vitest: each test run is an evaluation, each test a case.
 *
 * @packageDocumentation
 */
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../../model/errors.js';
export { ExpmanReporter, type ExpmanReporterOptions, type ReportedTest } from './reporter.js';

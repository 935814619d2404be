/**
 * Evaluations: a gate that a run must pass, for CI.
 *
 * @packageDocumentation
 */
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../model/errors.js';
export type { Goal } from '../pure/metric-definition.js';
export { type GateCheck, type GateOptions, type GateResult, gate } from './gate.js';
export { gateJUnit, gateMarkdown } from './gate-report.js';

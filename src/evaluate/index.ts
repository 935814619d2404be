/**
 * Evaluations: cases that a subject is asked about, their comparison, and a gate for CI.
 *
 * @packageDocumentation
 */
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../model/errors.js';
export type { Goal } from '../pure/metric-definition.js';
export type { CaseRecord, Score } from './case-result.js';
export {
  type CaseChange,
  type CaseComparison,
  type CompareCasesOptions,
  type ScoreChange,
  compareCases,
} from './compare-cases.js';
export {
  type CaseContext,
  type CaseResult,
  type EvaluateOptions,
  type EvaluationRun,
  type Scorer,
  type Subject,
  evaluate,
} from './evaluate.js';
export { type GateCheck, type GateOptions, type GateResult, gate } from './gate.js';
export { gateJUnit, gateMarkdown } from './gate-report.js';
export { type EvaluationSummary, summarise } from './summarise.js';

import type { MetricValue } from '../model/metric.js';
import { cut } from '../model/printable.js';
import type { StoredRun } from '../reader/stored-run.js';

/** A score of a case: a number, or whether it fulfils something. */
export type Score = number | boolean;

/** The columns of a case that are no scores. */
const CASE_COLUMNS = ['passed', 'latency_ms', 'error', 'case', 'attempts'] as const;

/** The names that a summary gives to its figures. */
const SUMMARY_NAMES = [
  ...['cases', 'errors', 'pass_rate', 'pass_rate_low', 'pass_rate_high'],
  ...['latency_p50_ms', 'latency_p90_ms', 'latency_p99_ms'],
];

/** The names that no score may have. */
export const TAKEN_NAMES: readonly string[] = [...CASE_COLUMNS, ...SUMMARY_NAMES];

/** One case of an evaluation, as it is in the rows of its run. */
export interface CaseRecord {
  /** Its place among the cases, from 0; the step of its row. */
  readonly index: number;
  readonly id: string;
  readonly passed: boolean;
  /** Milliseconds that the answer took; null for a case without an answer. */
  readonly latencyMs: number | null;
  readonly scores: Readonly<Record<string, Score>>;
  /** The error of the subject or of a scorer; null if there was none. */
  readonly error: string | null;
  /** The number of times that the subject was asked. */
  readonly attempts: number;
}

/** Returns the values of a case's row. */
export const rowOfCase = ({
  passed,
  latencyMs,
  error,
  id,
  index,
  attempts,
  scores,
}: CaseRecord): Record<string, MetricValue> => ({
  passed,
  ...(latencyMs !== null && { latency_ms: latencyMs }),
  ...scores,
  ...(error !== null && { error }),
  ...(id !== String(index) && { case: id }),
  ...(attempts > 1 && { attempts }),
});

/**
 * Reads the cases of an evaluation, by their ids; of one that was run more than once, the last.
 *
 * @throws ExpmanError as `StoredRun.rows`
 */
export async function readCases(stored: StoredRun): Promise<Map<string, CaseRecord>> {
  const cases = new Map<string, CaseRecord>();
  for await (const { step, values } of stored.rows()) {
    const { passed, latency_ms: latency, error, case: id, attempts, ...others } = values;
    if (typeof passed !== 'boolean' || step === null) continue;
    const index = Number(step);
    const name = typeof id === 'string' ? id : String(index);
    cases.set(name, {
      index,
      id: name,
      passed,
      latencyMs: typeof latency === 'number' ? latency : null,
      scores: Object.fromEntries(
        Object.entries(others).filter((entry): entry is [string, Score] => isScore(entry[1])),
      ),
      error: typeof error === 'string' ? error : null,
      attempts: typeof attempts === 'number' ? attempts : 1,
    });
  }
  return cases;
}

/** Tells if a value can be a score. */
export const isScore = (value: unknown): value is Score =>
  typeof value === 'number' || typeof value === 'boolean';

/** Tells if a name is that of another column or figure, which no score may have. */
export const isTaken = (name: string): boolean => TAKEN_NAMES.includes(name);

/**
 * The characters of an error that a row has.
 *
 * @bound tells: the text ends in an ellipsis; specs/evaluate/evaluate.spec.ts "records what a
 * subject or a scorer throws, and goes on"
 */
const MAX_ERROR = 1000;

/** Cuts the text of an error to what a row has room for. */
export const cutError = (text: string): string => cut(text, MAX_ERROR);

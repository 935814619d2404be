import { describeType } from './errors.js';

const INT64_MIN = -(2n ** 63n);
/** @bound refuses: INVALID_VALUE, the step is counted and run.log says why */
const INT64_MAX = 2n ** 63n - 1n;

/**
 * The step of a row: any 64-bit integer. Within ±(2^53 - 1) it is a number, beyond that a bigint.
 */
export type Step = number | bigint;

/** True if a bigint fits into 64 bits. */
export const isInt64 = (value: bigint): boolean => value >= INT64_MIN && value <= INT64_MAX;

/**
 * Checks a step; a bigint that a number holds exactly becomes that number. Undefined for anything
 * that is not a step.
 */
export function parseStep(given: unknown): Step | undefined {
  if (typeof given === 'number') return Number.isSafeInteger(given) ? given : undefined;
  if (typeof given !== 'bigint' || !isInt64(given)) return undefined;
  const number = Number(given);
  return Number.isSafeInteger(number) ? number : given;
}

/** Reads a step from decimal digits; undefined for any other text. */
export const stepFromText = (text: string): Step | undefined =>
  /^-?\d{1,19}$/.test(text) ? parseStep(BigInt(text)) : undefined;

/**
 * Reads a step from JSON: a number, null for none, or the text of an integer too large for a number;
 * undefined for anything else.
 */
export function stepInJson(given: unknown): Step | null | undefined {
  if (given === null) return null;
  if (typeof given === 'number') return parseStep(given);
  const step = typeof given === 'string' ? stepFromText(given) : undefined;
  return typeof step === 'bigint' ? step : undefined;
}

/** Says why a value is not a step. */
export function stepRule(given: unknown): string {
  if (typeof given === 'bigint') return 'a bigint step must fit into 64 bits';
  if (typeof given !== 'number') return `a step must be a number or a bigint, not ${describeType(given)}`;
  if (!Number.isFinite(given)) return `a step must be a whole number, not ${given}`;
  return Number.isInteger(given)
    ? 'a step beyond 2^53 must be a bigint: a number is not exact there'
    : 'a step must be a whole number, not a fraction';
}

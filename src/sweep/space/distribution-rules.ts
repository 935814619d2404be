import { invalidOption } from '../../model/option-rules.js';
import type { Normal, NumberDistribution, QUniform } from './space.js';

/**
 * The largest ratio of the bounds to a step; beyond it, neighbouring values become equal.
 *
 * @bound refuses: INVALID_OPTION
 */
const MAX_STEP_RATIO = 1e12;

/** Deviations from the mean beyond which no double ever falls: the quantile of 2^-54 is at -8.3. */
const FAR_IN_DEVIATIONS = 10;

/**
 * Checks a distribution of numbers by its rules.
 *
 * @param at - how errors call the distribution: `uniform`, or its place in a space
 * @throws ExpmanError `INVALID_OPTION`
 */
export function checkNumbers(distribution: NumberDistribution, at: string): void {
  switch (distribution.kind) {
    case 'uniform':
      checkRange(distribution, at);
      break;
    case 'logUniform':
      checkFinite(`${at}.low`, distribution.low);
      must(distribution.low > 0, `${at}.low`, 'above 0, as its logarithm is taken', distribution.low);
      checkRange(distribution, at);
      break;
    case 'quniform':
      checkSteps(distribution, at);
      break;
    case 'randint':
      checkIntegers(distribution, at);
      break;
    case 'normal':
      checkNormal(distribution, at);
      break;
    default:
      throw invalidOption(at, 'a known distribution', distribution satisfies never);
  }
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

function checkRange({ low, high }: Bounds, at: string): void {
  checkFinite(`${at}.low`, low);
  checkFinite(`${at}.high`, high);
  must(low < high, `${at}.low`, `below high, which is ${high}`, low);
  checkSpan({ low, high }, at, Number.MAX_VALUE);
}

function checkSteps({ low, high, q }: QUniform, at: string): void {
  checkFinite(`${at}.low`, low);
  checkFinite(`${at}.high`, high);
  checkFinite(`${at}.q`, q);
  must(q > 0, `${at}.q`, 'above 0', q);
  checkOrder({ low, high }, at);
  const least = Math.max(Math.abs(low), Math.abs(high)) / MAX_STEP_RATIO;
  must(q >= least, `${at}.q`, `at least ${least}, a ${MAX_STEP_RATIO}th of the bounds`, q);
  must(Number.isFinite(high + q) && Number.isFinite(low - q), `${at}.q`, 'small enough for finite values', q);
}

function checkIntegers({ low, high }: Bounds, at: string): void {
  must(Number.isSafeInteger(low), `${at}.low`, 'a safe integer', low);
  must(Number.isSafeInteger(high), `${at}.high`, 'a safe integer', high);
  checkOrder({ low, high }, at);
  checkSpan({ low, high }, at, Number.MAX_SAFE_INTEGER - 1);
}

function checkNormal({ mean, deviation }: Normal, at: string): void {
  checkFinite(`${at}.mean`, mean);
  checkFinite(`${at}.deviation`, deviation);
  must(deviation > 0, `${at}.deviation`, 'above 0', deviation);
  const reach = Math.abs(mean) + FAR_IN_DEVIATIONS * deviation;
  must(Number.isFinite(reach), `${at}.deviation`, 'small enough for finite values', deviation);
}

function checkOrder({ low, high }: Bounds, at: string): void {
  must(low <= high, `${at}.low`, `not above high, which is ${high}`, low);
}

function checkSpan({ low, high }: Bounds, at: string, most: number): void {
  must(high - low <= most, `${at}.high`, `at most ${most} above low, which is ${low}`, high);
}

function checkFinite(option: string, value: unknown): void {
  must(Number.isFinite(value), option, 'a finite number', value);
}

function must(holds: boolean, option: string, rule: string, value: unknown): void {
  if (!holds) throw invalidOption(option, rule, value);
}

import { normalQuantile } from './normal-law.js';
import type { NumberDistribution, QUniform } from './space.js';

/** True if a distribution can yield a value. */
export function containsNumber(distribution: NumberDistribution, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  switch (distribution.kind) {
    case 'normal':
      return true;
    case 'randint':
      return Number.isInteger(value) && isWithin(distribution, value);
    case 'quniform':
      return value === steppedAt(distribution, nearestStep(distribution, value));
    case 'uniform':
    case 'logUniform':
      return isWithin(distribution, value);
  }
}

/**
 * Returns the value at a share of the probability: the inverse of the cumulative distribution, for
 * a share in [0, 1).
 */
export function numberAt(distribution: NumberDistribution, share: number): number {
  switch (distribution.kind) {
    case 'normal':
      return distribution.mean + distribution.deviation * normalQuantile(Math.max(share, 2 ** -54));
    case 'randint':
      return Math.min(distribution.low + Math.floor(share * countOf(distribution)), distribution.high);
    case 'quniform':
      return steppedAt(distribution, Math.floor(share * countOf(distribution)));
    case 'uniform':
      return clamped(distribution, distribution.low + share * (distribution.high - distribution.low));
    case 'logUniform': {
      const [low, high] = [Math.log(distribution.low), Math.log(distribution.high)];
      return clamped(distribution, Math.exp(low + share * (high - low)));
    }
  }
}

/** Returns the number of values that a distribution can yield; `Infinity` for continuous ones. */
export function countOf(distribution: NumberDistribution): number {
  switch (distribution.kind) {
    case 'randint':
      return distribution.high - distribution.low + 1;
    case 'quniform':
      return lastStep(distribution) + 1;
    case 'uniform':
    case 'logUniform':
    case 'normal':
      return Infinity;
  }
}

/** Returns the value of a `quniform` nearest to a number. */
export function nearestStepped(distribution: QUniform, value: number): number {
  return steppedAt(distribution, nearestStep(distribution, value));
}

function nearestStep(distribution: QUniform, value: number): number {
  const step = Math.round((value - distribution.low) / distribution.q);
  return Math.min(Math.max(step, 0), lastStep(distribution));
}

/** Returns the last whole step; a quotient that misses it by a rounding error counts. */
function lastStep({ low, high, q }: QUniform): number {
  return Math.floor((high - low) / q + 1e-9);
}

function steppedAt(distribution: QUniform, step: number): number {
  const { low, high, q } = distribution;
  const tidy = Number((low + Math.min(step, lastStep(distribution)) * q).toPrecision(15));
  return Math.min(Math.max(tidy, low), high) + 0;
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

function isWithin({ low, high }: Bounds, value: number): boolean {
  return value >= low && value <= high;
}

/** Keeps rounding errors within the bounds. */
function clamped({ low, high }: Bounds, value: number): number {
  return Math.min(Math.max(value, low), high);
}

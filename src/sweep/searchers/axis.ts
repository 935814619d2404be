import { nearestStepped } from '../space/number-values.js';
import type { NumberDistribution } from '../space/space.js';

/** The scale on which the values of a distribution are modelled, and the prior. */
export interface Axis {
  /** The lower bound; may be `-Infinity`. */
  readonly low: number;
  /** The upper bound; may be `Infinity`. */
  readonly high: number;
  /** The mean of the prior. */
  readonly mean: number;
  /** The standard deviation of the prior, and the widest a window gets. */
  readonly deviation: number;
  /** The width of the part of the axis that stands for one value; 0 for continuous values. */
  readonly cell: number;
  /** Returns the place of a value. */
  readonly placeOf: (value: number) => number;
  /** Returns the value at a place. */
  readonly valueAt: (place: number) => number;
}

/**
 * Returns the axis of a distribution: logarithmic for `logUniform`, extended by half a step at both
 * ends if there are steps.
 */
export function axisOf(distribution: NumberDistribution): Axis {
  switch (distribution.kind) {
    case 'normal': {
      const { mean, deviation } = distribution;
      const scale = { cell: 0, placeOf: same, valueAt: same };
      return { low: -Infinity, high: Infinity, mean, deviation, ...scale };
    }
    case 'uniform':
      return { ...span(distribution), cell: 0, placeOf: same, valueAt: same };
    case 'logUniform': {
      const { low, high } = distribution;
      const valueAt = (place: number): number => Math.min(Math.max(Math.exp(place), low), high);
      return { ...span({ low: Math.log(low), high: Math.log(high) }), cell: 0, placeOf: Math.log, valueAt };
    }
    case 'randint': {
      const { low, high } = distribution;
      const valueAt = (place: number): number => Math.min(Math.max(Math.round(place), low), high) + 0;
      return { ...span({ low: low - 0.5, high: high + 0.5 }), cell: 1, placeOf: same, valueAt };
    }
    case 'quniform': {
      const { low, high, q } = distribution;
      const last = nearestStepped(distribution, high);
      const valueAt = (place: number): number => nearestStepped(distribution, place);
      return { ...span({ low: low - q / 2, high: last + q / 2 }), cell: q, placeOf: same, valueAt };
    }
  }
}

function span({ low, high }: { readonly low: number; readonly high: number }) {
  return { low, high, mean: low + (high - low) / 2, deviation: high - low };
}

function same(value: number): number {
  return value;
}

import { normalDensity, normalQuantile, normalShareBelow } from '../space/normal-law.js';
import type { Axis } from './axis.js';
import type { RandomStream } from './random-stream.js';

/** A density over the values of one dimension, estimated from samples. */
export interface Estimate {
  /** Draws a value. */
  readonly draw: (random: RandomStream) => number;
  /** The logarithm of the density, or of the probability, of a value; always finite. */
  readonly logDensity: (value: number) => number;
}

/**
 * The narrowest window is the prior's width over this, or over the number of windows if that is
 * less.
 */
const NARROWEST = 100;

interface Window {
  readonly centre: number;
  readonly width: number;
  /** The share of the normal distribution that lies below the axis. */
  readonly below: number;
  /** The share that lies on the axis. */
  readonly within: number;
  /** The density at the centre. */
  readonly height: number;
}

/**
 * A Parzen estimate of numbers: the mean of one truncated normal density around each value, and of
 * the prior's.
 *
 * As in Bergstra et al. 2011, section 4: a window is as wide as the greater of the distances to its
 * neighbours, the prior's centre being one of them, within bounds. The bounds are those of Optuna's
 * "magic clip": at most the prior's width, at least that over min(100, number of windows + 1). The
 * outermost windows only look inwards, as in hyperopt and by default in Optuna. The order of the
 * values does not matter.
 */
export function parzenEstimate(axis: Axis, values: readonly number[]): Estimate {
  const windows = windowsOf(axis, values.map(axis.placeOf));
  return {
    draw: (random) => {
      const { centre, width, below, within } = windows[Math.floor(random() * windows.length)]!;
      const share = Math.min(Math.max(below + random() * within, 2 ** -54), 1 - 2 ** -53);
      const place = centre + width * normalQuantile(share);
      return axis.valueAt(Math.min(Math.max(place, axis.low), axis.high));
    },
    logDensity: (value) => {
      const place = axis.placeOf(value);
      const sum = windows.reduce((total, window) => total + densityOf(window, place, axis.cell), 0);
      return Math.log(Math.max(sum, Number.MIN_VALUE) / windows.length);
    },
  };
}

function windowsOf(axis: Axis, places: readonly number[]): readonly Window[] {
  const prior = windowAt(axis, axis.mean, axis.deviation);
  const centres = [...places, axis.mean].sort((a, b) => a - b);
  const narrowest = axis.deviation / Math.min(NARROWEST, centres.length + 1);
  const ofPrior = centres.indexOf(axis.mean);
  return centres.map((centre, at) => {
    if (at === ofPrior) return prior;
    const left = centre - (centres[at - 1] ?? centre);
    const right = (centres[at + 1] ?? centre) - centre;
    const width = Math.min(Math.max(left, right, narrowest), axis.deviation);
    return windowAt(axis, centre, width);
  });
}

function windowAt({ low, high }: Axis, centre: number, width: number): Window {
  const below = normalShareBelow((low - centre) / width);
  const within = normalShareBelow((high - centre) / width) - below;
  return { centre, width, below, within, height: normalDensity(0) / (width * within) };
}

function densityOf({ centre, width, within, height }: Window, place: number, cell: number): number {
  const at = (place - centre) / width;
  if (cell === 0) return height * Math.exp(-0.5 * at * at);
  const half = cell / 2 / width;
  return (normalShareBelow(at + half) - normalShareBelow(at - half)) / within;
}

/**
 * An estimate of a choice: the probability of an option is proportional to the number of times it
 * was taken, plus one.
 *
 * The posterior of Bergstra et al. 2011, section 4, for a uniform prior with the weight of as many
 * trials as there are options.
 */
export function choiceEstimate(optionCount: number, taken: readonly number[]): Estimate {
  const counts = Array.from({ length: optionCount }, () => 1);
  for (const option of taken) counts[option] = (counts[option] ?? 0) + 1;
  const total = taken.length + optionCount;
  return {
    draw: (random) => {
      let left = random() * total;
      const option = counts.findIndex((count) => (left -= count) < 0);
      return option < 0 ? optionCount - 1 : option;
    },
    logDensity: (option) => Math.log((counts[option] ?? 1) / total),
  };
}

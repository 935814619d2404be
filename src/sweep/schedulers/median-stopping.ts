import { invalidOption } from '../../model/option-rules.js';
import type { Report, Scheduler } from './scheduler.js';

/** Options of the median stopping rule. */
export interface MedianStoppingOptions {
  /** No trial is stopped with less than this resource; from 1 up, default 10. */
  readonly minResource?: number;
  /** No trial is stopped before so many others have come as far; from 1 up, default 5. */
  readonly minTrials?: number;
}

/** The running means of one trial, by resource. */
interface Course {
  best: number;
  sum: number;
  count: number;
  readonly means: { readonly resource: number; readonly mean: number }[];
}

/**
 * The median stopping rule of Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017: a trial is
 * stopped when its best loss so far is worse than the median of the other trials' mean losses up to the same resource.
 *
 * Holds a mean for each report of each trial.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function medianStopping(options: MedianStoppingOptions = {}): Scheduler {
  const { minResource = 10, minTrials = 5 } = options;
  for (const [option, value] of Object.entries({ minResource, minTrials }))
    if (!(Number.isFinite(value) && value >= 1)) throw invalidOption(option, 'a number from 1 up', value);
  const courses = new Map<number, Course>();
  return {
    stops: ({ trial, resource, loss }: Report) => {
      const course = courses.get(trial) ?? { best: Infinity, sum: 0, count: 0, means: [] };
      courses.set(trial, course);
      course.best = Math.min(course.best, loss);
      course.sum += loss;
      course.means.push({ resource, mean: course.sum / ++course.count });
      if (resource < minResource) return false;
      const others = [...courses]
        .filter(([number]) => number !== trial)
        .flatMap(([, { means }]) => meanAt(means, resource))
        .sort((one, other) => one - other);
      if (others.length < minTrials) return false;
      const [low = NaN, high = NaN] = [others[(others.length - 1) >> 1], others[others.length >> 1]];
      return course.best > (low + high) / 2;
    },
  };
}

/** The mean a trial had at a resource; none when it has not come so far. */
function meanAt(means: Course['means'], resource: number): number[] {
  if ((means.at(-1)?.resource ?? -Infinity) < resource) return [];
  let [low, high] = [0, means.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((means[middle]?.resource ?? Infinity) <= resource) low = middle;
    else high = middle - 1;
  }
  const found = means[low];
  return found === undefined ? [] : [found.mean];
}

import { amount } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import type { Course, Report, Scheduler } from './scheduler.js';

/** The number of means of a trial that are kept across a restart. */
const KEPT_MEANS = 32;

/** Options of the median stopping rule. */
export interface MedianStoppingOptions {
  /** The resource below which no trial is stopped; from 1 up, default 10. */
  readonly minResource?: number | undefined;
  /**
   * The number of other trials that must have come as far before one is stopped; from 1 up, default
   * 5.
   */
  readonly minTrials?: number | undefined;
}

const OPTIONS = optionsTable<MedianStoppingOptions>()({
  minResource: amount(1).byDefault(10),
  minTrials: amount(1).byDefault(5),
});

/** The running means of one trial, by resource. */
interface Means {
  best: number;
  sum: number;
  count: number;
  readonly means: (readonly [resource: number, mean: number])[];
}

/**
 * The median stopping rule of Golovin et al., "Google Vizier: A Service for Black-Box
 * Optimization", KDD 2017: a trial is stopped if its best loss so far is worse than the median of
 * the other trials' mean losses up to the same resource.
 *
 * Keeps a mean for each report of each trial; for a trial before a restart, of 32 reports evenly
 * spread over it.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function medianStopping(options: MedianStoppingOptions = {}): Scheduler {
  const { minResource, minTrials } = OPTIONS.resolve(options);
  const courses = new Map<number, Means>();
  return {
    stops: ({ trial, resource, loss }: Report) => {
      const course = courses.get(trial) ?? { best: Infinity, sum: 0, count: 0, means: [] };
      courses.set(trial, course);
      course.best = Math.min(course.best, loss);
      course.sum += loss;
      course.means.push([resource, course.sum / ++course.count]);
      if (resource < minResource) return false;
      const others = [...courses]
        .filter(([number]) => number !== trial)
        .flatMap(([, { means }]) => meanAt(means, resource))
        .sort((one, other) => one - other);
      if (others.length < minTrials) return false;
      const [low = NaN, high = NaN] = [others[(others.length - 1) >> 1], others[others.length >> 1]];
      return course.best > (low + high) / 2;
    },
    courseOf: (trial) => thinned(courses.get(trial)?.means ?? []),
    recall: (trial, means) => courses.set(trial, { best: Infinity, sum: 0, count: 0, means: [...means] }),
  };
}

/** Returns evenly spread means, including the first and the last. */
function thinned(means: Course): Course {
  if (means.length <= KEPT_MEANS) return means;
  const stride = (means.length - 1) / (KEPT_MEANS - 1);
  return Array.from({ length: KEPT_MEANS }, (_, at) => means[Math.round(at * stride)] ?? [NaN, NaN]);
}

/** Returns the mean of a trial at a resource; empty if it has not come that far. */
function meanAt(means: Course, resource: number): number[] {
  if ((means.at(-1)?.[0] ?? -Infinity) < resource) return [];
  let [low, high] = [0, means.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((means[middle]?.[0] ?? Infinity) <= resource) low = middle;
    else high = middle - 1;
  }
  const found = means[low];
  return found === undefined ? [] : [found[1]];
}

import { amount, integer } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import type { Scheduler, TrialCourse, TrialReport } from './scheduler.js';

/** The number of losses of a trial that are kept across a restart. */
const KEPT = 32;

/** Options of the median stopping rule. */
export interface MedianStoppingOptions {
  /** The resource below which no trial is stopped; from 1 up, default 1. */
  readonly minResource?: number | undefined;
  /**
   * The number of values that a trial may report before it can be stopped, on whatever scale its
   * steps are; from 0 up, default 5.
   */
  readonly warmupReports?: number | undefined;
  /**
   * The number of other trials that must have come as far before one is stopped; from 1 up, default
   * 5.
   */
  readonly minTrials?: number | undefined;
}

const OPTIONS = optionsTable<MedianStoppingOptions>()({
  minResource: amount(1).byDefault(1),
  warmupReports: integer(0).byDefault(5),
  minTrials: amount(1).byDefault(5),
});

/** A trial, by its best loss so far. */
interface Progress {
  reports: number;
  /** The furthest resource, which a trial reaches with or without a better loss. */
  furthest: number;
  /** Each better loss, at its resource. */
  readonly better: (readonly [resource: number, loss: number])[];
}

/**
 * The median stopping rule of Golovin et al., "Google Vizier: A Service for Black-Box
 * Optimization", KDD 2017, on best values: a trial is stopped if its best loss so far is worse than
 * the median of the best losses of the other trials up to the same resource.
 *
 * The paper takes running means of the others. Means still contain the high losses that training
 * begins with, so hardly anything is stopped, and one infinity is in them for good; best losses are
 * what Optuna's pruner compares too. A trial without any number is stopped after the warm-up.
 *
 * Keeps each improvement of each trial; for a trial before a restart, 32 evenly spread ones.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function medianStopping(options: MedianStoppingOptions = {}): Scheduler {
  const { minResource, warmupReports, minTrials } = OPTIONS.resolve(options);
  const trials = new Map<number, Progress>();
  const add = ({ trial, resource, loss }: Omit<TrialReport, 'value'>): Progress => {
    const progress = trials.get(trial) ?? { reports: 0, furthest: -Infinity, better: [] };
    trials.set(trial, progress);
    progress.reports++;
    progress.furthest = Math.max(progress.furthest, resource);
    // False for NaN, and for the infinity that is worst.
    if (loss < bestOf(progress)) progress.better.push([progress.furthest, loss]);
    return progress;
  };
  return {
    stops: (report) => {
      const progress = add(report);
      const { reports, furthest } = progress;
      if (furthest < minResource || reports <= warmupReports) return false;
      const others = [...trials]
        .filter(([trial, other]) => trial !== report.trial && other.furthest >= furthest)
        .map(([, other]) => bestAt(other, furthest))
        .sort((one, other) => one - other);
      if (others.length < minTrials) return false;
      const [low = NaN, high = NaN] = [others[(others.length - 1) >> 1], others[others.length >> 1]];
      return bestOf(progress) > low / 2 + high / 2 || bestOf(progress) === Infinity;
    },
    courseOf: (trial) => courseOf(trials.get(trial)),
    recall: (trial, course) => {
      trials.delete(trial);
      // Courses of earlier versions have means; a mean that rises is no better loss.
      for (const [resource, loss] of course) add({ trial, resource, loss });
    },
  };
}

const bestOf = ({ better }: Progress): number => better.at(-1)?.[1] ?? Infinity;

/** Returns the best loss of a trial up to a resource. */
function bestAt({ better }: Progress, resource: number): number {
  let [low, high] = [0, better.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((better[middle]?.[0] ?? Infinity) <= resource) low = middle + 1;
    else high = middle;
  }
  return better[low - 1]?.[1] ?? Infinity;
}

/** Returns evenly spread losses, the first among them, and the last at the furthest resource. */
function courseOf(progress: Progress | undefined): TrialCourse {
  if (progress === undefined || progress.furthest === -Infinity) return [];
  const { better, furthest } = progress;
  const end = [furthest, bestOf(progress)] as const;
  const all = better.at(-1)?.[0] === furthest ? better : [...better, end];
  if (all.length <= KEPT) return all;
  const stride = (all.length - 1) / (KEPT - 1);
  return Array.from({ length: KEPT }, (_, at) => all[Math.round(at * stride)] ?? end);
}

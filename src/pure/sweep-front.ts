import { paretoFront } from './pareto-front.js';

/** A bound that a metric must keep: at most `max`, or at least `min`. */
export interface Bound {
  readonly metric: string;
  readonly max?: number | undefined;
  readonly min?: number | undefined;
}

/** The part of a sweep's plan that says which trials are better. */
export interface FrontPlan {
  readonly mode: 'min' | 'max';
  /** All metrics, if there are several. */
  readonly metrics?: readonly { readonly mode: 'min' | 'max' }[];
  readonly constraints?: readonly Bound[];
}

/** The part of a trial's record that says how good it is. */
export interface FrontTrial {
  readonly status: string;
  readonly value: number | null;
  readonly values?: readonly number[] | undefined;
  readonly constraintValues?: readonly number[] | undefined;
}

/** The amount by which a value breaks a bound; 0 if it keeps it. */
export function excessOf({ min, max }: Bound, value: number): number {
  // An infinite value less an infinite bound would be no number.
  const above = max === undefined ? 0 : value - max;
  const below = min === undefined ? 0 : min - value;
  return Math.max(above, below, 0);
}

/**
 * Returns the amount by which a trial breaks its constraints, the sum over all of them; 0 if it keeps
 * them, or if there are none; null if one of their metrics has no value.
 *
 * The sum is K. Deb's, "An Efficient Constraint Handling Method for Genetic Algorithms", Computer
 * Methods in Applied Mechanics and Engineering 186, 2000, in the units of the metrics.
 */
export function violationOf(
  { constraints = [] }: FrontPlan,
  { constraintValues = [] }: Pick<FrontTrial, 'constraintValues'>,
): number | null {
  let sum = 0;
  for (const [at, bound] of constraints.entries()) {
    const value = constraintValues[at];
    if (value === undefined || Number.isNaN(value)) return null;
    sum += excessOf(bound, value);
  }
  return sum;
}

/** True if a trial is known to keep all constraints. */
export const keepsBounds = (plan: FrontPlan, trial: Pick<FrontTrial, 'constraintValues'>): boolean =>
  violationOf(plan, trial) === 0;

/** Returns the values of a trial, one for each metric of its sweep; empty if one of them is missing. */
export function valuesOf(
  { metrics = [] }: FrontPlan,
  { value, values = [] }: Pick<FrontTrial, 'value' | 'values'>,
): readonly number[] {
  const all = metrics.length > 1 ? values : value === null ? [] : [value];
  return all.length === Math.max(metrics.length, 1) && !all.some(Number.isNaN) ? all : [];
}

/**
 * Returns the Pareto front of a sweep: the finished trials that keep all constraints and that no
 * other of these surpasses in all metrics, in the given order; with one metric, the best ones.
 */
export function frontOf<T extends FrontTrial>(plan: FrontPlan, trials: readonly T[]): readonly T[] {
  const { mode, metrics = [] } = plan;
  const signs = (metrics.length > 1 ? metrics : [{ mode }]).map((goal) => (goal.mode === 'min' ? 1 : -1));
  const ended = trials.filter(
    (trial) => trial.status === 'finished' && valuesOf(plan, trial).length > 0 && keepsBounds(plan, trial),
  );
  return paretoFront(ended, (trial) => valuesOf(plan, trial).map((value, at) => signs[at]! * value));
}

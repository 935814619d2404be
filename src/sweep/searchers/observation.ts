import type { Assignment } from '../space/space-tree.js';

/** A trial that has ended, as searchers see it. */
export interface Observation {
  /** The trial's number; if the caller did not say, the number of observations before it. */
  readonly trial: number;
  readonly assignment: Assignment;
  /** What is to be minimised, one number for each metric, none of them NaN; null without a value. */
  readonly losses: readonly number[] | null;
  readonly stopped: boolean;
  /** The amount by which it breaks its constraints; 0 if it keeps them. */
  readonly violation: number;
}

/** An observation with a value. */
export type Valued = Observation & { readonly losses: readonly number[] };

/** True if a trial has a value. */
export const isValued = (observation: Observation): observation is Valued => observation.losses !== null;

/**
 * Sorts observations into classes, the best first: finished trials that keep their constraints,
 * stopped ones that do, those that break constraints, the worst offenders last, and those without a
 * value.
 */
export function byClass(a: Observation, b: Observation): number {
  if (a.losses === null || b.losses === null) return Number(a.losses === null) - Number(b.losses === null);
  if (a.violation !== b.violation) return a.violation - b.violation;
  return Number(a.stopped) - Number(b.stopped);
}

/**
 * Orders observations by class, then by their first loss; ties are broken by the assignment, not by
 * the order of arrival.
 */
export function byRank(a: Observation, b: Observation): number {
  return byClass(a, b) || order(a.losses?.[0] ?? 0, b.losses?.[0] ?? 0) || byAssignment(a, b);
}

function byAssignment({ assignment: a }: Observation, { assignment: b }: Observation): number {
  const at = a.findIndex((value, dimension) => value !== b[dimension]);
  return at < 0 ? 0 : (a[at] ?? -Infinity) - (b[at] ?? -Infinity);
}

/** Orders numbers, infinite ones too, whose difference would be NaN. */
export function order(a: number, b: number): number {
  return a < b ? -1 : Number(a > b);
}

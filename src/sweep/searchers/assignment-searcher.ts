import type { Assignment } from '../space/space-tree.js';
import type { Observation } from './observation.js';

/** A searcher in terms of numbers, which all searchers of this package implement. */
export interface AssignmentSearcher {
  /** See {@link Searcher.suggest}. */
  suggest(trial: number, running: readonly Assignment[]): Assignment | null;
  /** See {@link Searcher.observe}. */
  observe(observation: Observation): void;
}

/** True if the parameters of an assignment may be tried. */
export type IsFeasible = (assignment: Assignment) => boolean;

/** Makes a searcher that learns nothing: its suggestions depend only on the trial's number. */
export function unlearning(suggest: (trial: number) => Assignment | null): AssignmentSearcher {
  return { suggest, observe: () => undefined };
}

import type { Assignment } from '../space/space-tree.js';

/** A searcher in terms of numbers, which all searchers of this package implement. */
export interface AssignmentSearcher {
  /** See {@link Searcher.suggest}. */
  suggest(trial: number): Assignment | null;
  /** See {@link Searcher.observe}; the loss is to be minimised, and is never NaN. */
  observe(assignment: Assignment, loss: number | null): void;
}

/** Makes a searcher that learns nothing: its suggestions depend only on the trial's number. */
export function unlearning(suggest: (trial: number) => Assignment | null): AssignmentSearcher {
  return { suggest, observe: () => undefined };
}

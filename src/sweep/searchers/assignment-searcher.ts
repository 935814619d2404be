import type { Assignment } from '../space/space-tree.js';

/** A searcher in numbers: what all searchers of this package are inside. */
export interface AssignmentSearcher {
  /** See {@link Searcher.suggest}. */
  suggest(trial: number): Assignment | null;
  /** See {@link Searcher.observe}; a value is to be as small as can be, and is never NaN. */
  observe(assignment: Assignment, loss: number | null): void;
}

/** A searcher that learns nothing: what it suggests depends on the trial's number alone. */
export function unlearning(suggest: (trial: number) => Assignment | null): AssignmentSearcher {
  return { suggest, observe: () => undefined };
}

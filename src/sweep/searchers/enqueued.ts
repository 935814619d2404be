import { invalidOption } from '../../model/option-rules.js';
import { parseSpace } from '../space/parse-space.js';
import { toAssignment, toParams } from '../space/space-params.js';
import type { ParamsOf, Space } from '../space/space.js';
import type { Searcher } from './searcher.js';

/** Parameters to be tried first, and whether they may be. */
interface Enqueued {
  readonly enqueue: readonly unknown[];
  readonly feasible: ((params: never) => boolean) | undefined;
}

/**
 * Puts trials in front of those that a searcher suggests, which begin at its number 0 after them. It
 * is told how they ended, and learns from them.
 *
 * @throws ExpmanError `INVALID_OPTION` for parameters that no trial of the space can have, or that are
 * not feasible
 */
export function withEnqueued<S extends Space>(
  searcher: Searcher<ParamsOf<S>>,
  space: S,
  { enqueue, feasible }: Enqueued,
): Searcher<ParamsOf<S>> {
  const count = enqueue.length;
  if (count === 0) return searcher;
  const tree = parseSpace(space);
  const first = enqueue.map((given, at) => {
    const params = toParams(tree, toAssignment(tree, given, `enqueue[${at}]`));
    if (feasible?.(params as never) === false) throw invalidOption(`enqueue[${at}]`, 'feasible', given);
    // Parameters that the tree of S has accepted are those of S.
    return { params: params as ParamsOf<S> };
  });
  return {
    suggest: (trial, context) => first[trial] ?? searcher.suggest(trial - count, context),
    observe: (params, value, outcome) => searcher.observe(params, value, outcome),
  };
}

import { invalidOption } from '../../model/option-rules.js';
import { parseSpace } from '../space/parse-space.js';
import { toAssignment, toParams } from '../space/space-params.js';
import type { ParamsOf, Space } from '../space/space.js';
import type { SpaceTree } from '../space/space-tree.js';
import type { AssignmentSearcher } from './assignment-searcher.js';
import { gridSearcher } from './grid.js';
import { quasiRandomSearcher } from './quasi-random.js';
import { randomSearcher } from './random.js';
import type { Searcher } from './searcher.js';
import { SEARCHER_OPTIONS, type ResolvedSearcherOptions, type SearcherOptions } from './searcher-options.js';
import { tpeSearcher } from './tpe.js';

/** The names of the searchers in this package. */
export type SearcherName = 'grid' | 'random' | 'quasi-random' | 'tpe';

const SEARCHERS = {
  grid: (tree, { gridSteps, maxGridTrials }) =>
    gridSearcher(tree, { steps: gridSteps, maxTrials: maxGridTrials }),
  random: (tree, { seed }) => randomSearcher(tree, seed),
  'quasi-random': (tree, { seed }) => quasiRandomSearcher(tree, seed),
  tpe: (tree, options) => tpeSearcher(tree, options),
} satisfies Record<SearcherName, (tree: SpaceTree, options: ResolvedSearcherOptions) => AssignmentSearcher>;

/**
 * Makes a searcher by its name.
 *
 * | name | suggests | exhausted |
 * |---|---|---|
 * | `grid` | every combination once; continuous parameters by `gridSteps` values | after the last |
 * | `random` | independent draws | never |
 * | `quasi-random` | a randomised Halton sequence, more even than random (Halton 1960, Owen 2017) | never |
 * | `tpe` | values that are likely in good trials and unlikely in the others (Bergstra et al. 2011, with Optuna's defaults) | never |
 *
 * A suggestion depends only on the space, the options and the trial's number, and for `tpe` also on
 * the set of observations; so a new searcher that is given the finished trials, in any order,
 * continues like the one it replaces. `tpe` keeps its observations; the others keep nothing.
 * `observe` refuses parameters that no trial of the space can have.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` for a wrong name, space or option, and for a grid
 * with too many trials
 * @example
 * const searcher = createSearcher('tpe', { x: uniform(-1, 1) }, { seed: 7, mode: 'min' });
 * for (let trial = 0; trial < 50; trial++) {
 *   const suggestion = searcher.suggest(trial);
 *   if (suggestion === null) break;
 *   searcher.observe(suggestion.params, suggestion.params.x ** 2);
 * }
 */
export function createSearcher<const S extends Space>(
  name: SearcherName,
  space: S,
  options: SearcherOptions,
): Searcher<ParamsOf<S>> {
  if (!isSearcherName(name)) throw invalidOption('searcher', `one of ${SEARCHER_NAMES}`, name);
  const resolved = SEARCHER_OPTIONS.resolve(options);
  const tree = parseSpace(space);
  const searcher: AssignmentSearcher = SEARCHERS[name](tree, resolved);
  return {
    suggest: (trial) => {
      if (!Number.isSafeInteger(trial) || trial < 0)
        throw invalidOption('trial', 'an integer from 0 up', trial);
      const assignment = searcher.suggest(trial);
      // The tree was parsed from a space of type S, and its parameters are those of S.
      return assignment === null ? null : { params: toParams(tree, assignment) as ParamsOf<S> };
    },
    observe: (params, value) => searcher.observe(toAssignment(tree, params), lossOf(value, resolved.mode)),
  };
}

/** True if a word is the name of a searcher. */
export const isSearcherName = (word: string): word is SearcherName => Object.hasOwn(SEARCHERS, word);

/** The names of the searchers, quoted and joined. */
export const SEARCHER_NAMES = Object.keys(SEARCHERS)
  .map((name) => `'${name}'`)
  .join(', ');

/** Returns the loss to minimise; null for NaN or no value. */
function lossOf(value: unknown, mode: 'min' | 'max'): number | null {
  if (value === null || Number.isNaN(value)) return null;
  if (typeof value !== 'number') throw invalidOption('value', 'a number or null', value);
  return mode === 'min' ? value : -value;
}

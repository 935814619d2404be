import { invalidOption } from '../../model/option-rules.js';
import { parseSpace } from '../space/parse-space.js';
import { toAssignment, toParams } from '../space/space-params.js';
import type { ParamsOf, Space } from '../space/space.js';
import type { Assignment, SpaceTree } from '../space/space-tree.js';
import type { AssignmentSearcher, IsFeasible } from './assignment-searcher.js';
import { cmaEsSearcher } from './cma-es.js';
import { gpSearcher } from './gp.js';
import { gridSearcher } from './grid.js';
import { nsga2Searcher } from './nsga2.js';
import { quasiRandomSearcher } from './quasi-random.js';
import { randomSearcher } from './random.js';
import type { Searcher } from './searcher.js';
import {
  SEARCHER_OPTIONS,
  type Mode,
  type ResolvedSearcherOptions,
  type SearcherOptions,
} from './searcher-options.js';
import { tpeSearcher } from './tpe.js';

/** The names of the searchers in this package. */
export type SearcherName = 'grid' | 'random' | 'quasi-random' | 'tpe' | 'cma-es' | 'gp' | 'nsga2';

type Settings = ResolvedSearcherOptions & { readonly isFeasible: IsFeasible };

const SEARCHERS = {
  grid: (tree, { gridSteps, maxGridTrials, isFeasible }) =>
    gridSearcher(tree, { steps: gridSteps, maxTrials: maxGridTrials, isFeasible }),
  random: (tree, { seed, isFeasible }) => randomSearcher(tree, seed, isFeasible),
  'quasi-random': (tree, { seed, isFeasible }) => quasiRandomSearcher(tree, seed, isFeasible),
  tpe: (tree, settings) => tpeSearcher(tree, settings),
  'cma-es': (tree, settings) => cmaEsSearcher(tree, settings),
  gp: (tree, settings) => gpSearcher(tree, settings),
  nsga2: (tree, settings) => nsga2Searcher(tree, settings),
} satisfies Record<SearcherName, (tree: SpaceTree, settings: Settings) => AssignmentSearcher>;

/** Searchers that a single number leads. */
const OF_ONE_METRIC: ReadonlySet<SearcherName> = new Set(['cma-es', 'gp']);
/** Searchers that need not remember which trials are running. */
const UNLEARNING: ReadonlySet<SearcherName> = new Set(['grid', 'random', 'quasi-random']);

/**
 * Makes a searcher by its name.
 *
 * | name | suggests | for |
 * |---|---|---|
 * | `grid` | every combination once; continuous parameters by `gridSteps` values | small spaces; exhausted after the last |
 * | `random` | independent draws | any space |
 * | `quasi-random` | a randomised Halton sequence, more even than random (Halton 1960, Owen 2017) | any space |
 * | `tpe` | values that are likely together in good trials and unlikely in the others (Bergstra et al. 2011, Falkner et al. 2018) | any space, any number of metrics |
 * | `gp` | the greatest expected improvement of a Gaussian process (Jones et al. 1998, Ament et al. 2023) | few trials that take long; one metric |
 * | `cma-es` | draws of a normal distribution that follows the better half of each generation (Hansen 2016) | numbers only, many trials; one metric |
 * | `nsga2` | children of the trials on the first Pareto fronts (Deb et al. 2002) | several metrics, many trials |
 *
 * A suggestion depends only on the space, the options and the trial's number, and for the last four
 * also on the observations, and on the trials that are running; so a new searcher that is given the
 * finished trials, in any order, continues like the one it replaces. For that, `cma-es` and `gp` must
 * be told the trials' numbers, if the trials are told out of order. Without a context, running trials
 * are those that were suggested and not observed yet. The last four keep their observations; the others keep nothing. `observe` refuses
 * parameters that no trial of the space can have.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` for a wrong name, space or option, for a grid with too
 * many trials, for `cma-es` in a space with a choice, and for several modes with `cma-es` or `gp`; and
 * in `suggest` if `feasible` refuses 10,000 draws in a row
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
  const modes = typeof resolved.mode === 'string' ? [resolved.mode] : resolved.mode;
  if (modes.length > 1 && OF_ONE_METRIC.has(name))
    throw invalidOption(
      'searcher',
      "'tpe' or 'nsga2', or one that learns nothing, for several metrics",
      name,
    );
  const tree = parseSpace(space);
  const isFeasible = feasibilityOf(tree, resolved.feasible);
  const searcher: AssignmentSearcher = SEARCHERS[name](tree, { ...resolved, isFeasible });
  const suggested = new Map<number, Assignment>();
  let observed = 0;
  return {
    suggest: (trial, context) => {
      if (!Number.isSafeInteger(trial) || trial < 0)
        throw invalidOption('trial', 'an integer from 0 up', trial);
      const running =
        context === undefined
          ? [...suggested].flatMap(([number, assignment]) => (number === trial ? [] : [assignment]))
          : context.running.map((params) => toAssignment(tree, params));
      const assignment = searcher.suggest(trial, running);
      if (assignment === null) return null;
      if (context === undefined && !UNLEARNING.has(name)) suggested.set(trial, assignment);
      // The tree was parsed from a space of type S, and its parameters are those of S.
      return { params: toParams(tree, assignment) as ParamsOf<S> };
    },
    observe: (params, value, outcome) => {
      const assignment = toAssignment(tree, params);
      const losses = lossesOf(value, modes);
      const isOf = ([number, other]: readonly [number, Assignment]): boolean =>
        outcome === undefined ? isSame(other, assignment) : number === outcome.trial;
      const own = [...suggested].find(isOf)?.[0];
      if (own !== undefined) suggested.delete(own);
      const { trial, stopped, violation } = outcome ?? {
        trial: own ?? observed,
        stopped: false,
        violation: 0,
      };
      observed += 1;
      searcher.observe({ trial, assignment, losses, stopped, violation });
    },
  };
}

/** True if a word is the name of a searcher. */
export const isSearcherName = (word: string): word is SearcherName => Object.hasOwn(SEARCHERS, word);

/** The names of the searchers, quoted and joined. */
export const SEARCHER_NAMES = Object.keys(SEARCHERS)
  .map((name) => `'${name}'`)
  .join(', ');

const isSame = (one: Assignment, other: Assignment): boolean => one.every((value, at) => value === other[at]);

function feasibilityOf(tree: SpaceTree, feasible: ResolvedSearcherOptions['feasible']): IsFeasible {
  // A callback that a caller has typed by the parameters of the space, which these are.
  return feasible === undefined ? () => true : (assignment) => feasible(toParams(tree, assignment) as never);
}

/** Returns the losses to minimise; null for NaN or no value. */
function lossesOf(value: unknown, modes: readonly Mode[]): readonly number[] | null {
  if (value === null) return null;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!values.every((each) => typeof each === 'number') || values.length !== modes.length)
    throw invalidOption(
      'value',
      modes.length === 1 ? 'a number or null' : `a list of ${modes.length} numbers, or null`,
      value,
    );
  if (values.some(Number.isNaN)) return null;
  return values.map((each, at) => (modes[at] === 'min' ? each : -each));
}

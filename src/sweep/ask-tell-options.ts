import { ExperimentConfig } from '../model/experiment-config.js';
import type { FileMode } from '../model/experiment-options.js';
import { eitherFolder, integer, ruleOf } from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import { GOAL_RULES, type MetricGoal, goalsOf, plannedGoals } from './objectives.js';
import {
  SEARCHER_NAMES,
  type SearcherName,
  createSearcher,
  isSearcherName,
} from './searchers/create-searcher.js';
import { withEnqueued } from './searchers/enqueued.js';
import type { Feasible, SearcherOptions } from './searchers/searcher-options.js';
import type { Searcher } from './searchers/searcher.js';
import { type SpaceDescription, describeSpace } from './space/describe-space.js';
import type { ParamsOf, Space } from './space/space.js';
import type { SweepPlan } from './sweep-file.js';
import { STUDY_RULES, decisiveOf } from './sweep-options.js';

/** Options of a study whose trials run elsewhere. */
export interface AskTellOptions<P> {
  /** The experiment that the study is kept in. */
  readonly name: string;
  /** The folder that holds the experiments; default `./experiments`. */
  readonly baseDir?: string | undefined;
  /** The same as `baseDir`. */
  readonly dir?: string | undefined;
  /** The name of what is optimised; default `'value'`. Not with `metrics`. */
  readonly metric?: string | undefined;
  /** The direction: `'min'` (default) if less is better, or `'max'`. Not with `metrics`. */
  readonly mode?: 'min' | 'max' | undefined;
  /** What is optimised, if it is several figures. */
  readonly metrics?: readonly MetricGoal[] | undefined;
  /** The number of trials, after which `ask` returns null; from 1 up, default no limit. */
  readonly trials?: number | undefined;
  /** The seed of all random decisions; an integer from 0 up, default 0. */
  readonly seed?: number | undefined;
  /** The source of parameters; default `'tpe'`. */
  readonly searcher?: SearcherName | undefined;
  /** Further options of the searcher. */
  readonly searcherOptions?: Omit<SearcherOptions, 'seed' | 'mode' | 'feasible'> | undefined;
  /** Tells whether parameters may be tried; default all. */
  readonly feasible?: Feasible<P> | undefined;
  /** Parameters of the first trials, in place of suggestions; default none. */
  readonly enqueue?: readonly P[] | undefined;
  /**
   * Resumes the study of the folder: `'allow'` (default) if there is one, `'never'`, or `'must'`.
   */
  readonly resume?: 'never' | 'allow' | 'must' | undefined;
}

const OPTIONS = optionsTable<AskTellOptions<unknown>>()({
  ...STUDY_RULES,
  ...GOAL_RULES,
  trials: integer(1).byDefault(Infinity),
  searcher: ruleOf(`one of ${SEARCHER_NAMES}`, isName).byDefault('tpe'),
});

/** All options, checked. */
export interface ResolvedAskTell<P> extends Pick<ResolvedBy<typeof OPTIONS>, 'name' | 'trials' | 'resume'> {
  readonly baseDir: string;
  readonly fileMode: FileMode;
  readonly space: SpaceDescription;
  readonly plan: SweepPlan;
  readonly goals: readonly MetricGoal[];
  readonly searcher: Searcher<P>;
}

/** @throws ExpmanError `INVALID_OPTION`, `INVALID_NAME` */
export function resolveAskTell<S extends Space>(
  space: S,
  options: AskTellOptions<ParamsOf<S>>,
): ResolvedAskTell<ParamsOf<S>> {
  const resolved = OPTIONS.resolve(options);
  const { name, trials, resume, seed, searcher, searcherOptions, feasible, enqueue } = resolved;
  const goals = goalsOf(resolved, 'value');
  const modes = goals.map(({ mode }) => mode);
  const { baseDir, fileMode } = new ExperimentConfig(name, eitherFolder(resolved.dir, resolved.baseDir), {});
  const description = describeSpace(space);
  const source = createSearcher(searcher, space, { ...searcherOptions, seed, mode: modes, feasible });
  return {
    ...{ name, trials, resume, baseDir, fileMode, goals },
    space: description,
    plan: {
      ...{ space: description, ...plannedGoals(goals), value: 'last', seed },
      ...{ searcher, scheduler: 'none', searcherOptions: decisiveOf(searcher, searcherOptions, enqueue) },
    },
    searcher: withEnqueued(source, space, { enqueue, feasible }),
  };
}

function isName(value: unknown): value is SearcherName {
  return typeof value === 'string' && isSearcherName(value);
}

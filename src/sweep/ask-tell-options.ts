import { ExperimentConfig } from '../model/experiment-config.js';
import type { FileMode } from '../model/experiment-options.js';
import { eitherFolder, integer, invalidOption, metricName, oneOf, ruleOf } from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
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
import type { MetricGoal, SweepPlan } from './sweep-file.js';
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
  metric: metricName().inWords('the name of a metric'),
  mode: oneOf('min', 'max'),
  metrics: ruleOf("a list of at least one { name, mode: 'min' or 'max' } of different names", areGoals),
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
  const goals = goalsOf(resolved);
  const modes = goals.map(({ mode }) => mode);
  const [first] = goals;
  const mode = modes.length === 1 ? first.mode : modes;
  const { baseDir, fileMode } = new ExperimentConfig(name, eitherFolder(resolved.dir, resolved.baseDir), {});
  const description = describeSpace(space);
  const source = createSearcher(searcher, space, { ...searcherOptions, seed, mode, feasible });
  return {
    ...{ name, trials, resume, baseDir, fileMode, goals },
    space: description,
    plan: {
      ...{ space: description, metric: first.name, mode: first.mode, value: 'last', seed },
      ...(goals.length > 1 && { metrics: goals }),
      ...{ searcher, scheduler: 'none', searcherOptions: decisiveOf(searcher, searcherOptions, enqueue) },
    },
    searcher: withEnqueued(source, space, { enqueue, feasible }),
  };
}

function goalsOf({
  metric,
  mode,
  metrics,
}: ResolvedBy<typeof OPTIONS>): readonly [MetricGoal, ...MetricGoal[]] {
  if (metrics === undefined) return [{ name: metric ?? 'value', mode: mode ?? 'min' }];
  if (metric !== undefined || mode !== undefined)
    throw invalidOption('metrics', 'given without metric and mode', metrics);
  const [first, ...others] = metrics.map((goal) => ({ name: goal.name, mode: goal.mode }));
  if (first === undefined) throw invalidOption('metrics', 'a list of at least one', metrics);
  return [first, ...others];
}

function areGoals(value: unknown): value is readonly MetricGoal[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  const names = value.map((goal: unknown): unknown => Reflect.get(Object(goal), 'name'));
  return (
    names.every((name) => typeof name === 'string' && name !== '') &&
    new Set(names).size === names.length &&
    value.every((goal: unknown) => ['min', 'max'].includes(String(Reflect.get(Object(goal), 'mode'))))
  );
}

function isName(value: unknown): value is SearcherName {
  return typeof value === 'string' && isSearcherName(value);
}

import { type ExperimentOptions, ExperimentConfig } from '../model/experiment-config.js';
import type { FileMode } from '../model/experiment-options.js';
import { type ExperimentName, parseName } from '../model/names.js';
import {
  amount,
  callback,
  eitherFolder,
  flag,
  hasMethod,
  integer,
  invalidOption,
  oneOf,
  path,
  REFUSED,
  rule,
  ruleOf,
} from '../model/option-rules.js';
import { redactNamed } from '../model/redact-text.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import { isUrl } from '../model/realms.js';
import { type Webhook, webhookFor } from '../model/webhook.js';
import {
  GOAL_RULES,
  type MetricConstraint,
  type MetricGoal,
  type MetricGoals,
  constraintsRule,
  goalsOf,
  mustFitSeveral,
} from './objectives.js';
import { type QueueAddress, queueAddress } from './queue/queue-address.js';
import { type NamedScheduler, type SchedulerOption, schedulerRule } from './schedulers/scheduler-option.js';
import {
  type SearcherName,
  SEARCHER_NAMES,
  createSearcher,
  isSearcherName,
} from './searchers/create-searcher.js';
import { withEnqueued } from './searchers/enqueued.js';
import { type Feasible, OWN_SEARCHER_OPTIONS, type SearcherOptions } from './searchers/searcher-options.js';
import type { Searcher } from './searchers/searcher.js';
import type { ParamsOf, Space } from './space/space.js';

/** Options of a sweep. */
export interface SweepOptions<P> {
  /** The experiment that the runs belong to. */
  readonly name: string;
  /** The folder that holds the experiments; default `./experiments`. */
  readonly baseDir?: string | undefined;
  /** The same as `baseDir`. */
  readonly dir?: string | undefined;
  /** The metric to optimise, as it is logged; required, unless there are `metrics`. */
  readonly metric?: string | undefined;
  /** The direction: `'min'` (default) if less is better, or `'max'`. Not with `metrics`. */
  readonly mode?: 'min' | 'max' | undefined;
  /**
   * The metrics to optimise, if it is several: the result has their Pareto front. A trial that does
   * not log all of them has failed. Not with a scheduler, which would compare trials by one metric.
   */
  readonly metrics?: readonly MetricGoal[] | undefined;
  /**
   * Bounds that trials must keep; default none. A trial that breaks one is neither the best nor in
   * the front, and one that does not log the metric of one has failed. They are a part of the
   * sweep: with others, it is another one.
   */
  readonly constraints?: readonly MetricConstraint[] | undefined;
  /**
   * The value that counts: the `'last'` (default) or the `'best'`, which is for one metric only:
   * the best values of several may be of different steps.
   */
  readonly value?: 'last' | 'best' | undefined;
  /**
   * The number of trials; from 1 up, default 20. A grid ends before if it has fewer, and runs whole
   * by default.
   */
  readonly trials?: number | undefined;
  /** The number of trials at a time; from 1 up, default 1. */
  readonly concurrency?: number | undefined;
  /** The seed of all random decisions; an integer from 0 up, default 0. */
  readonly seed?: number | undefined;
  /** The source of parameters; default `'random'`. An object is a custom searcher. */
  readonly searcher?: SearcherName | Searcher<P> | undefined;
  /**
   * Tells whether parameters may be tried; default all. Of the named searchers only; it is called
   * often, and must depend on the parameters alone.
   */
  readonly feasible?: Feasible<P> | undefined;
  /** Parameters of the first trials, in place of suggestions; default none. */
  readonly enqueue?: readonly P[] | undefined;
  /** Further options of the named searcher. */
  readonly searcherOptions?: Omit<SearcherOptions, 'seed' | 'mode' | 'feasible'> | undefined;
  /** The rule for stopping trials early; default `'none'`. An object with `stops` is a custom one. */
  readonly scheduler?: SchedulerOption | undefined;
  /**
   * The number of times that a failed trial is started again; default 0. Attempts that were cut off
   * do not count, and what is still to be tried again when the sweep ends is tried when it is
   * resumed.
   */
  readonly retries?: number | undefined;
  /**
   * True to try the trials that failed in earlier sessions once more, such as after a bug was fixed;
   * default false.
   */
  readonly retryFailed?: boolean | undefined;
  /**
   * The number of failed trials above which the sweep ends and its result rejects; default no
   * limit.
   */
  readonly maxFailures?: number | undefined;
  /** Milliseconds after which the sweep is stopped; default no limit. */
  readonly timeLimitMs?: number | undefined;
  /**
   * Milliseconds that an aborted trial may take to end before its run is closed anyway; Infinity
   * for no limit; default 10,000.
   */
  readonly graceMs?: number | undefined;
  /**
   * Resumes a sweep that was cut off or stopped: `'allow'` (default) if there is one, `'never'`, or
   * `'must'`.
   */
  readonly resume?: 'never' | 'allow' | 'must' | undefined;
  /**
   * True if SIGINT, SIGTERM and, except on Windows, SIGHUP stop the sweep, with its runs and
   * `sweep.yaml` INTERRUPTED, before they end the process; default true.
   */
  readonly handleSignals?: boolean | undefined;
  /** Options of the trials' runs. */
  readonly run?: Omit<ExperimentOptions, 'runName' | 'resume' | 'group' | 'handleSignals'> | undefined;
}

/** Options of a sweep whose trials run in worker threads. */
export interface WorkerSweepOptions<P> extends SweepOptions<P> {
  /** The module whose default export, or `train`, is the training function; see `WorkerTrain`. */
  readonly worker: URL;
}

/** A slot of a sweep: a process that runs one trial after the other. */
export interface SlotOptions {
  /**
   * Environment variables of the process, beside those of this one; the only way to set what native
   * code reads, such as `CUDA_VISIBLE_DEVICES`.
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Options of a sweep whose trials run in child processes, one for each slot. */
export interface SlotSweepOptions<P> extends WorkerSweepOptions<P> {
  /** The slots, at least one; `concurrency` is their number. */
  readonly slots: readonly SlotOptions[];
}

/** Options of a sweep whose trials are taken by `expman work`, on any number of hosts. */
export interface QueueSweepOptions<P> extends Omit<SweepOptions<P>, 'run'> {
  /**
   * The address of a Redis or Valkey server, `redis://host:6379` or `rediss://…`; `true` for the one in
   * the environment variable `EXPMAN_QUEUE`. User and password stay in memory.
   */
  readonly queue: string | true;
  /** Ignored: the workers have the module. Allowed so that one options object fits both. */
  readonly worker?: URL | undefined;
}

/** All options, checked, with defaults, searcher and scheduler filled in. */
export interface ResolvedSweep<P>
  extends
    Omit<
      ResolvedBy<typeof OPTIONS>,
      | 'dir'
      | 'metric'
      | 'mode'
      | 'metrics'
      | 'searcher'
      | 'searcherOptions'
      | 'scheduler'
      | 'trials'
      | 'feasible'
      | 'enqueue'
    >,
    NamedScheduler {
  readonly baseDir: string;
  readonly fileMode: FileMode;
  readonly metrics: MetricGoals;
  /** Where the alerts of its runs are sent; null for nowhere. */
  readonly webhook: Webhook | null;
  /** Infinity for a grid that runs whole. */
  readonly trials: number;
  readonly searcher: Searcher<P>;
  readonly searcherName: string;
  /** The searcher's options that decide which trials there are. */
  readonly decisiveOptions: Readonly<Record<string, unknown>>;
}

/** The options of each searcher that decide which trials there are: part of a sweep's identity. */
const DECISIVE = {
  grid: ['gridSteps'],
  random: [],
  'quasi-random': [],
  tpe: ['startupTrials', 'candidates'],
  gp: ['startupTrials'],
  'cma-es': [],
  nsga2: ['startupTrials'],
} satisfies Record<SearcherName, readonly (keyof SearcherOptions)[]>;
/** The number of trials of a searcher that has no end. */
const TRIALS = 20;

const WORKER_RULE = "the URL of a file, such as new URL('./train.js', import.meta.url)";
/** Options of a trial's run that the sweep sets. */
const OWN_RUN_OPTIONS = ['runName', 'resume', 'group', 'handleSignals'];

/** The rules of the options that every study has, whoever runs its trials. */
export const STUDY_RULES = {
  name: rule<string, ExperimentName>('a name', (value) => parseName('experiment', value)).required(),
  baseDir: path(),
  dir: path(),
  seed: integer(0).byDefault(0),
  feasible: callback<Feasible<unknown>>(),
  enqueue: ruleOf('a list of parameters', isList).byDefault([]),
  searcherOptions: OWN_SEARCHER_OPTIONS.asRule().byDefault(OWN_SEARCHER_OPTIONS.resolve({})),
  resume: oneOf('allow', 'never', 'must').byDefault('allow'),
};
/** The rules of all sweeps. */
const COMMON_RULES = {
  ...STUDY_RULES,
  ...GOAL_RULES,
  constraints: constraintsRule.byDefault([]),
  value: oneOf('last', 'best').byDefault('last'),
  trials: integer(1),
  concurrency: integer(1).byDefault(1),
  searcher: ruleOf(`one of ${SEARCHER_NAMES}, or an object with suggest and observe`, isSearcher).byDefault(
    'random',
  ),
  scheduler: schedulerRule,
  retries: integer(0).byDefault(0),
  retryFailed: flag().byDefault(false),
  maxFailures: amount(0, Infinity).byDefault(Infinity),
  timeLimitMs: amount(1, Infinity).byDefault(Infinity),
  graceMs: amount(0, Infinity).byDefault(10_000),
  handleSignals: flag().byDefault(true),
};
const RULES = {
  ...COMMON_RULES,
  // The rules of these options are in ExperimentConfig.
  run: ruleOf('an object', isRunOptions).byDefault({}),
};
const WORKER = rule<URL>(WORKER_RULE, (value, option) => {
  if (!isUrl(value)) return REFUSED;
  if (!['file:', 'data:'].includes(value.protocol)) throw invalidOption(option, WORKER_RULE, value.href);
  return value;
});
const OPTIONS = optionsTable<SweepOptions<unknown>>()(RULES);
/** Options that choose another table where they are given; named here for who misspells one. */
interface OptionsElsewhere {
  readonly slots?: undefined;
  readonly queue?: undefined;
}
const ELSEWHERE = ruleOf('left out', (value): value is never => value === undefined);
const WORKER_OPTIONS = optionsTable<WorkerSweepOptions<unknown> & OptionsElsewhere>()({
  ...RULES,
  worker: WORKER.required(),
  slots: ELSEWHERE,
  queue: ELSEWHERE,
});
const SLOT_OPTIONS = optionsTable<SlotSweepOptions<unknown>>()({
  ...RULES,
  concurrency: integer(1),
  worker: WORKER.required(),
  slots: ruleOf('an array of at least one { env } whose values are text', isSlots).required(),
});
const QUEUE_OPTIONS = optionsTable<QueueSweepOptions<unknown>>()({
  ...COMMON_RULES,
  worker: WORKER,
  queue: rule<string | true, QueueAddress>('the address of a Redis server', queueAddress).required(),
});

/** @throws ExpmanError `INVALID_OPTION`, `INVALID_NAME` */
export function resolveSweep<S extends Space>(
  space: S,
  options: SweepOptions<ParamsOf<S>> | undefined,
): ResolvedSweep<ParamsOf<S>> {
  return completed(space, OPTIONS.resolve(options), options?.searcher);
}

/** Does the same for trials in worker threads. @throws as {@link resolveSweep} */
export function resolveWorkerSweep<S extends Space>(
  space: S,
  options: WorkerSweepOptions<ParamsOf<S>>,
): ResolvedSweep<ParamsOf<S>> & { readonly worker: URL } {
  const resolved = WORKER_OPTIONS.resolve(options);
  return { ...completed(space, resolved, options.searcher), worker: resolved.worker };
}

/** Does the same for trials in child processes. @throws as {@link resolveSweep} */
export function resolveSlotSweep<S extends Space>(
  space: S,
  options: SlotSweepOptions<ParamsOf<S>>,
): ResolvedSweep<ParamsOf<S>> & { readonly worker: URL; readonly slots: readonly SlotOptions[] } {
  const { worker, slots, ...resolved } = SLOT_OPTIONS.resolve(options);
  const { concurrency = slots.length } = resolved;
  if (concurrency !== slots.length)
    throw invalidOption('concurrency', `left out, or ${slots.length}, the number of slots`, concurrency);
  return { ...completed(space, { ...resolved, concurrency }, options.searcher), worker, slots };
}

/** Does the same for trials in a queue. @throws as {@link resolveSweep} */
export function resolveQueueSweep<S extends Space>(
  space: S,
  options: QueueSweepOptions<ParamsOf<S>>,
): ResolvedSweep<ParamsOf<S>> & { readonly queue: QueueAddress } {
  const { queue, ...resolved } = QUEUE_OPTIONS.resolve(options);
  return { ...completed(space, { ...resolved, run: {} }, options.searcher), queue };
}

/** @param searcher - the checked searcher, with the type of the space */
function completed<S extends Space>(
  space: S,
  resolved: ResolvedBy<typeof OPTIONS>,
  searcher: SearcherName | Searcher<ParamsOf<S>> = 'random',
): ResolvedSweep<ParamsOf<S>> {
  const { searcherOptions, scheduler, run, dir, feasible, enqueue, metric, mode, metrics, ...rest } =
    resolved;
  const { name, seed } = rest;
  const goals = goalsOf({ metric, mode, metrics }, null);
  if (goals.length > 1) mustFitSeveral(resolved);
  const { baseDir, fileMode, alerts } = new ExperimentConfig(name, eitherFolder(dir, rest.baseDir), run);
  for (const option of OWN_RUN_OPTIONS)
    if (Object.hasOwn(run, option))
      throw invalidOption(`run.${option}`, 'left out, because the sweep sets it', Reflect.get(run, option));
  const named = typeof searcher === 'string';
  if (!named && feasible !== undefined)
    throw invalidOption('feasible', 'left out, because a custom searcher suggests what is', feasible);
  const source = named
    ? createSearcher(searcher, space, {
        ...searcherOptions,
        seed,
        mode: goals.map((goal) => goal.mode),
        feasible,
      })
    : searcher;
  return {
    ...rest,
    ...scheduler,
    metrics: goals,
    baseDir,
    fileMode,
    webhook: webhookFor(alerts),
    run,
    trials: rest.trials ?? (searcher === 'grid' ? Infinity : TRIALS),
    searcher: withEnqueued(source, space, { enqueue, feasible }),
    searcherName: named ? searcher : 'custom',
    decisiveOptions: decisiveOf(named ? searcher : null, searcherOptions, enqueue),
  };
}

/** Returns what, beside the seed and the space, decides which trials there are. */
export const decisiveOf = (
  searcher: SearcherName | null,
  options: ResolvedBy<typeof OWN_SEARCHER_OPTIONS>,
  enqueue: readonly unknown[],
): Readonly<Record<string, unknown>> => ({
  ...(searcher !== null && Object.fromEntries(DECISIVE[searcher].map((option) => [option, options[option]]))),
  ...(enqueue.length > 0 && { enqueue: redactNamed(enqueue) }),
});

function isSearcher(value: unknown): value is SearcherName | Searcher<unknown> {
  return typeof value === 'string'
    ? isSearcherName(value)
    : hasMethod(value, 'suggest') && hasMethod(value, 'observe');
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isSlots(value: unknown): value is readonly SlotOptions[] {
  return Array.isArray(value) && value.length > 0 && value.every(isSlot);
}

function isSlot(value: unknown): value is SlotOptions {
  if (typeof value !== 'object' || value === null || Object.keys(value).some((key) => key !== 'env'))
    return false;
  const env: unknown = Reflect.get(value, 'env') ?? {};
  return (
    typeof env === 'object' && env !== null && Object.values(env).every((each) => typeof each === 'string')
  );
}

function isRunOptions(value: unknown): value is NonNullable<SweepOptions<unknown>['run']> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

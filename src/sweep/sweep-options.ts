import { type ExperimentOptions, ExperimentConfig } from '../model/experiment-config.js';
import type { FileMode } from '../model/experiment-options.js';
import { type ExperimentName, parseName } from '../model/names.js';
import {
  amount,
  eitherFolder,
  flag,
  hasMethod,
  integer,
  invalidOption,
  metricName,
  oneOf,
  path,
  REFUSED,
  rule,
  ruleOf,
} from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import { isUrl } from '../model/realms.js';
import { type Webhook, webhookFor } from '../model/webhook.js';
import { type NamedScheduler, type SchedulerOption, schedulerRule } from './schedulers/scheduler-option.js';
import {
  type SearcherName,
  SEARCHER_NAMES,
  createSearcher,
  isSearcherName,
} from './searchers/create-searcher.js';
import { OWN_SEARCHER_OPTIONS, type SearcherOptions } from './searchers/searcher-options.js';
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
  /** The metric to optimise, as it is logged. */
  readonly metric: string;
  /** The direction: `'min'` (default) if less is better, or `'max'`. */
  readonly mode?: 'min' | 'max' | undefined;
  /** The value that counts: the `'last'` (default) or the `'best'`. */
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

/** All options, checked, with defaults, searcher and scheduler filled in. */
export interface ResolvedSweep<P>
  extends
    Omit<ResolvedBy<typeof OPTIONS>, 'dir' | 'searcher' | 'searcherOptions' | 'scheduler' | 'trials'>,
    NamedScheduler {
  readonly baseDir: string;
  readonly fileMode: FileMode;
  /** Infinity for a grid that runs whole. */
  readonly trials: number;
  /** Where the alerts of its runs are sent; null for nowhere. */
  readonly webhook: Webhook | null;
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
  'cma-es': [],
  gp: ['startupTrials'],
  nsga2: ['startupTrials'],
} satisfies Record<SearcherName, readonly (keyof SearcherOptions)[]>;
/** The number of trials of a searcher that has no end. */
const TRIALS = 20;

const WORKER_RULE = "the URL of a file, such as new URL('./train.js', import.meta.url)";
/** Options of a trial's run that the sweep sets. */
const OWN_RUN_OPTIONS = ['runName', 'resume', 'group', 'handleSignals'];

const RULES = {
  name: rule<string, ExperimentName>('a name', (value) => parseName('experiment', value)).required(),
  baseDir: path(),
  dir: path(),
  metric: metricName().inWords('the name of a metric').required(),
  mode: oneOf('min', 'max').byDefault('min'),
  value: oneOf('last', 'best').byDefault('last'),
  trials: integer(1),
  concurrency: integer(1).byDefault(1),
  seed: integer(0).byDefault(0),
  searcher: ruleOf(`one of ${SEARCHER_NAMES}, or an object with suggest and observe`, isSearcher).byDefault(
    'random',
  ),
  searcherOptions: OWN_SEARCHER_OPTIONS.asRule().byDefault(OWN_SEARCHER_OPTIONS.resolve({})),
  scheduler: schedulerRule,
  retries: integer(0).byDefault(0),
  retryFailed: flag().byDefault(false),
  maxFailures: amount(0, Infinity).byDefault(Infinity),
  timeLimitMs: amount(1, Infinity).byDefault(Infinity),
  graceMs: amount(0, Infinity).byDefault(10_000),
  resume: oneOf('allow', 'never', 'must').byDefault('allow'),
  handleSignals: flag().byDefault(true),
  // The rules of these options are in ExperimentConfig.
  run: ruleOf('an object', isRunOptions).byDefault({}),
};
const OPTIONS = optionsTable<SweepOptions<unknown>>()(RULES);
const WORKER_OPTIONS = optionsTable<WorkerSweepOptions<unknown>>()({
  ...RULES,
  worker: rule<URL>(WORKER_RULE, (value, option) => {
    if (!isUrl(value)) return REFUSED;
    if (!['file:', 'data:'].includes(value.protocol)) throw invalidOption(option, WORKER_RULE, value.href);
    return value;
  }).required(),
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

/** @param searcher - the checked searcher, with the type of the space */
function completed<S extends Space>(
  space: S,
  resolved: ResolvedBy<typeof OPTIONS>,
  searcher: SearcherName | Searcher<ParamsOf<S>> = 'random',
): ResolvedSweep<ParamsOf<S>> {
  const { searcherOptions, scheduler, run, dir, ...rest } = resolved;
  const { name, seed, mode } = rest;
  const { baseDir, fileMode, alerts } = new ExperimentConfig(name, eitherFolder(dir, rest.baseDir), run);
  for (const option of OWN_RUN_OPTIONS)
    if (Object.hasOwn(run, option))
      throw invalidOption(`run.${option}`, 'left out, because the sweep sets it', Reflect.get(run, option));
  const named = typeof searcher === 'string';
  return {
    ...rest,
    ...scheduler,
    baseDir,
    fileMode,
    webhook: webhookFor(alerts),
    run,
    trials: rest.trials ?? (searcher === 'grid' ? Infinity : TRIALS),
    searcher: named ? createSearcher(searcher, space, { ...searcherOptions, seed, mode }) : searcher,
    searcherName: named ? searcher : 'custom',
    decisiveOptions: named
      ? Object.fromEntries(DECISIVE[searcher].map((option) => [option, searcherOptions[option]]))
      : {},
  };
}

function isSearcher(value: unknown): value is SearcherName | Searcher<unknown> {
  return typeof value === 'string'
    ? isSearcherName(value)
    : hasMethod(value, 'suggest') && hasMethod(value, 'observe');
}

function isRunOptions(value: unknown): value is NonNullable<SweepOptions<unknown>['run']> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { type ExperimentOptions, ExperimentConfig } from '../model/experiment-config.js';
import {
  hasMethod,
  mustBeAmount,
  mustBeCount,
  mustBeFlag,
  mustBeMode,
  mustBeOneOf,
  mustBeOptions,
} from '../model/option-checks.js';
import { invalidOption } from '../model/option-rules.js';
import { type MedianStoppingOptions, medianStopping } from './schedulers/median-stopping.js';
import { type Scheduler, noScheduler } from './schedulers/scheduler.js';
import { type SuccessiveHalvingOptions, successiveHalving } from './schedulers/successive-halving.js';
import { type SearcherName, createSearcher } from './searchers/create-searcher.js';
import { FREE_NAMES, type SearcherOptions } from './searchers/searcher-options.js';
import type { Searcher } from './searchers/searcher.js';
import type { ParamsOf, Space } from './space/space.js';

/** The schedulers this package has; an object says with which options. */
export type SchedulerOption =
  | 'none'
  | 'median'
  | 'asha'
  | ({ readonly name: 'median' } & MedianStoppingOptions)
  | ({ readonly name: 'asha' } & SuccessiveHalvingOptions);

/** Options of a sweep. */
export interface SweepOptions<P> {
  /** The experiment its runs belong to. */
  readonly name: string;
  /** The folder that holds the experiments; default `./experiments`. */
  readonly baseDir?: string;
  /** The metric, as it is logged, that the sweep goes by. */
  readonly metric: string;
  /** Whether it is better when it is less (`'min'`, default) or when it is greater. */
  readonly mode?: 'min' | 'max';
  /** Which value of it counts: its `'last'` (default) or its `'best'`. */
  readonly value?: 'last' | 'best';
  /** How many trials; from 1 up, default 20. A grid may end before. */
  readonly trials?: number;
  /** How many at a time; from 1 up, default 1. */
  readonly concurrency?: number;
  /** What all that is random comes from; an integer from 0 up, default 0. */
  readonly seed?: number;
  /** Where parameters come from; default `'random'`. An object is a searcher of one's own. */
  readonly searcher?: SearcherName | Searcher<P>;
  /** Further options of the searcher that is named. */
  readonly searcherOptions?: Omit<SearcherOptions, 'seed' | 'mode'>;
  /** Which trials are stopped early; default `'none'`. */
  readonly scheduler?: SchedulerOption;
  /** How often a failed trial is begun anew; default 0. */
  readonly retries?: number;
  /** With more failed trials than this the sweep ends, and its result rejects; default no limit. */
  readonly maxFailures?: number;
  /** After so many milliseconds the sweep is stopped; default no limit. */
  readonly timeLimitMs?: number;
  /** How long a trial may take to end once it is aborted, before its run is closed over its head, in milliseconds, Infinity for as long as it likes; default 10,000. */
  readonly graceMs?: number;
  /** Whether a sweep that was cut off or stopped goes on: `'allow'` (default), `'never'`, or `'must'`. */
  readonly resume?: 'never' | 'allow' | 'must';
  /** Whether SIGINT, SIGTERM and, but on Windows, SIGHUP stop the sweep, its runs and `sweep.yaml` INTERRUPTED, before they end the process; default true. */
  readonly handleSignals?: boolean;
  /** Options of the trials' runs. */
  readonly run?: Omit<ExperimentOptions, 'runName' | 'resume' | 'group' | 'handleSignals'>;
}

/** Options of a sweep whose trials run in worker threads. */
export interface WorkerSweepOptions<P> extends SweepOptions<P> {
  /** The module whose default export, or `train`, is the function that trains; see `WorkerTrain`. */
  readonly worker: URL;
}

/** All of that, checked, with defaults, searcher and scheduler made. */
export interface ResolvedSweep<P> {
  readonly name: string;
  readonly baseDir: string;
  readonly metric: string;
  readonly mode: 'min' | 'max';
  readonly value: 'last' | 'best';
  readonly trials: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly searcher: Searcher<P>;
  readonly searcherName: string;
  readonly scheduler: Scheduler;
  readonly schedulerName: string;
  readonly retries: number;
  readonly maxFailures: number;
  readonly timeLimitMs: number;
  readonly graceMs: number;
  readonly resume: 'never' | 'allow' | 'must';
  readonly handleSignals: boolean;
  readonly run: ExperimentOptions;
}

const OPTIONS = [
  'name',
  'baseDir',
  'metric',
  'mode',
  'value',
  'trials',
  'concurrency',
  'seed',
  'searcher',
  'searcherOptions',
  'scheduler',
  'retries',
  'maxFailures',
  'timeLimitMs',
  'graceMs',
  'resume',
  'handleSignals',
  'run',
];
/** Options of a trial's run that the sweep sets. */
const OWN_RUN_OPTIONS = ['runName', 'resume', 'group', 'handleSignals'];

/** @throws ExpmanError `INVALID_OPTION`, `INVALID_NAME` */
export function resolveSweep<S extends Space>(
  space: S,
  options: SweepOptions<ParamsOf<S>> | undefined,
): ResolvedSweep<ParamsOf<S>> {
  mustBeOptions(options, OPTIONS);
  const {
    name,
    baseDir = './experiments',
    metric,
    mode = 'min',
    value = 'last',
    trials = 20,
    concurrency = 1,
    seed = 0,
    searcher = 'random',
    searcherOptions = {},
    scheduler = 'none',
    retries = 0,
    maxFailures = Infinity,
    timeLimitMs = Infinity,
    graceMs = 10_000,
    resume = 'allow',
    handleSignals = true,
    run = {},
  } = options;
  const config = new ExperimentConfig(name, baseDir, run);
  for (const option of OWN_RUN_OPTIONS)
    if (Object.hasOwn(run, option))
      throw invalidOption(`run.${option}`, 'left to the sweep', Reflect.get(run, option));
  if (typeof metric !== 'string' || metric === '')
    throw invalidOption('metric', 'the name of a metric', metric);
  mustBeMode(mode);
  mustBeOneOf('value', value, ['last', 'best']);
  mustBeCount('trials', trials, 1);
  mustBeCount('concurrency', concurrency, 1);
  mustBeCount('seed', seed, 0);
  const named = typeof searcher === 'string';
  if (!named && !(hasMethod(searcher, 'suggest') && hasMethod(searcher, 'observe')))
    throw invalidOption('searcher', 'a name, or an object with suggest and observe', searcher);
  mustBeOptions(searcherOptions, FREE_NAMES, 'searcherOptions');
  mustBeCount('retries', retries, 0);
  mustBeAmount('maxFailures', maxFailures, 0, Infinity);
  mustBeAmount('timeLimitMs', timeLimitMs, 1, Infinity);
  mustBeAmount('graceMs', graceMs, 0, Infinity);
  mustBeOneOf('resume', resume, ['allow', 'never', 'must']);
  mustBeFlag('handleSignals', handleSignals);
  return {
    name: config.name,
    baseDir: config.baseDir,
    metric,
    mode,
    value,
    trials,
    concurrency,
    seed,
    searcher: named ? createSearcher(searcher, space, { ...searcherOptions, seed, mode }) : searcher,
    searcherName: named ? searcher : 'custom',
    ...schedulerOf(scheduler),
    retries,
    maxFailures,
    timeLimitMs,
    graceMs,
    resume,
    handleSignals,
    run,
  };
}

function schedulerOf(option: unknown): { scheduler: Scheduler; schedulerName: string } {
  const { name, ...rest } =
    typeof option === 'object' && option !== null ? (option as { name?: unknown }) : { name: option };
  switch (name) {
    case 'none':
      mustBeOptions(rest, []);
      return { scheduler: noScheduler, schedulerName: name };
    case 'median':
      return { scheduler: medianStopping(rest), schedulerName: name };
    case 'asha':
      return { scheduler: successiveHalving(rest), schedulerName: name };
    default:
      throw invalidOption('scheduler', "one of 'none', 'median', 'asha'", name);
  }
}

/**
 * Hyperparameter search: spaces, and searchers that suggest what to try next.
 *
 * @packageDocumentation
 */
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../model/errors.js';
export type { Step } from '../model/step.js';
export { describeSpace, isDescriptionOf, type SpaceDescription } from './space/describe-space.js';
export {
  choice,
  integer,
  logUniform,
  normal,
  qUniform,
  quniform,
  randint,
  uniform,
} from './space/distributions.js';
export type {
  Choice,
  Distributed,
  Distribution,
  LogUniform,
  Normal,
  NumberDistribution,
  Option,
  ParamsOf,
  QUniform,
  RandInt,
  Scalar,
  Space,
  SpaceEntry,
  Uniform,
} from './space/space.js';
export type { MedianStoppingOptions } from './schedulers/median-stopping.js';
export type { SuccessiveHalvingOptions } from './schedulers/successive-halving.js';
export type { Study, StudyResult } from './study.js';
export { sweep } from './sweep.js';
export type {
  QueueSweepOptions,
  SchedulerOption,
  SlotOptions,
  SlotSweepOptions,
  SweepOptions,
  WorkerSweepOptions,
} from './sweep-options.js';
export type {
  PlacedTrial,
  Train,
  Training,
  Trial,
  TrialEvent,
  TrialResult,
  TrialRow,
  TrialStatus,
  WorkerTrain,
  WorkerTrial,
} from './trial.js';
export type { Outcome, SearchContext, Searcher, Suggestion } from './searchers/searcher.js';
export { createSearcher, type SearcherName } from './searchers/create-searcher.js';
export type { Mode, SearcherOptions } from './searchers/searcher-options.js';
export { paramImportance, type ImportanceTrial, type ParamImportance } from '../pure/param-importance.js';

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
export type { HyperbandOptions } from './schedulers/hyperband.js';
export type { MedianStoppingOptions } from './schedulers/median-stopping.js';
export type { PatienceOptions } from './schedulers/patience.js';
export type { Scheduler, TrialCourse, TrialReport } from './schedulers/scheduler.js';
export type { SchedulerOption } from './schedulers/scheduler-option.js';
export type { SuccessiveHalvingOptions } from './schedulers/successive-halving.js';
export type { ThresholdOptions } from './schedulers/threshold.js';
export { createStudy, type AskTellStudy, type AskedTrial, type ToldTrial } from './ask-tell.js';
export type { AskTellOptions } from './ask-tell-options.js';
export type { MetricConstraint, MetricGoal } from './objectives.js';
export type { Study } from './study.js';
export type { StudyResult } from './study-result.js';
export { sweep } from './sweep.js';
export type {
  QueueSweepOptions,
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
export type { Feasible, Mode, SearcherOptions } from './searchers/searcher-options.js';
export { paramImportance, type ImportanceTrial, type ParamImportance } from '../pure/param-importance.js';

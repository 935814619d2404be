import { hasMethod, invalidOption, rule } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { type HyperbandOptions, hyperband } from './hyperband.js';
import { type MedianStoppingOptions, medianStopping } from './median-stopping.js';
import { type PatienceOptions, patienceRule } from './patience.js';
import { type Scheduler, noScheduler } from './scheduler.js';
import { type SuccessiveHalvingOptions, successiveHalving } from './successive-halving.js';
import { type ThresholdOptions, thresholdRule } from './threshold.js';

/**
 * The schedulers of this package, by name or as an object with options, or a custom one.
 *
 * | name | stops a trial | after |
 * |---|---|---|
 * | `asha` | that is not among the best 1 in 4 at a rung (1, 4, 16, ... steps) | Li et al. 2020 |
 * | `hyperband` | the same in several brackets, some of which begin late or never stop | Li et al. 2017 |
 * | `median` | whose best is worse than the median of the others' at the same step | Golovin et al. 2017 |
 * | `patience` | that has not improved for some values | |
 * | `threshold` | whose metric leaves its bounds | |
 */
export type SchedulerOption =
  | 'none'
  | 'median'
  | 'asha'
  | 'patience'
  | ({ readonly name: 'median' } & MedianStoppingOptions)
  | ({ readonly name: 'asha' } & SuccessiveHalvingOptions)
  | ({ readonly name: 'hyperband' } & HyperbandOptions)
  | ({ readonly name: 'patience' } & PatienceOptions)
  | ({ readonly name: 'threshold' } & ThresholdOptions)
  | Scheduler;

/** A scheduler, and its name in `sweep.yaml`; `custom` for a custom one. */
export interface NamedScheduler {
  readonly scheduler: Scheduler;
  readonly schedulerName: string;
}

const NO_OPTIONS = optionsTable<object>()({});
const MAKERS: Readonly<Record<string, (options: never) => Scheduler>> = {
  none: (options: object) => {
    NO_OPTIONS.resolve(options);
    return noScheduler;
  },
  median: medianStopping,
  asha: successiveHalving,
  hyperband,
  patience: patienceRule,
  threshold: thresholdRule,
};
const RULE = `one of ${Object.keys(MAKERS)
  .map((name) => `'${name}'`)
  .join(', ')}, or an object with stops`;

/** The rule of the option `scheduler`. */
export const schedulerRule = rule<SchedulerOption, NamedScheduler>(RULE, schedulerOf).byDefault({
  scheduler: noScheduler,
  schedulerName: 'none',
});

function schedulerOf(option: unknown): NamedScheduler {
  if (hasMethod(option, 'stops')) return { scheduler: custom(option), schedulerName: 'custom' };
  const { name, ...rest } =
    typeof option === 'object' && option !== null ? (option as { name?: unknown }) : { name: option };
  const make = typeof name === 'string' && Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (typeof name !== 'string' || make === undefined) throw invalidOption('scheduler', RULE, option);
  return { scheduler: make(rest as never), schedulerName: name };
}

/** Checks a custom scheduler. */
function custom(option: unknown): Scheduler {
  for (const name of ['courseOf', 'recall', 'remark'] as const) {
    const method: unknown = Reflect.get(Object(option) as object, name);
    if (method !== undefined && typeof method !== 'function')
      throw invalidOption(`scheduler.${name}`, 'a function, or left out', method);
  }
  return option as Scheduler;
}

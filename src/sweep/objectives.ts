import { invalidOption, metricName, oneOf, rule, ruleOf } from '../model/option-rules.js';
import { noScheduler } from './schedulers/scheduler.js';
import type { NamedScheduler } from './schedulers/scheduler-option.js';

/** A metric that a sweep optimises. */
export interface MetricGoal {
  readonly name: string;
  /** The direction: `'min'` if less is better, or `'max'`. */
  readonly mode: 'min' | 'max';
}

/**
 * A bound that a metric of each trial must keep: at most `max`, or at least `min`.
 *
 * The last value of the metric counts, whatever the option `value` of the sweep says.
 */
export type MetricConstraint =
  | { readonly metric: string; readonly max: number; readonly min?: undefined }
  | { readonly metric: string; readonly min: number; readonly max?: undefined };

/** At least one metric to optimise. */
export type MetricGoals = readonly [MetricGoal, ...MetricGoal[]];

/** What a trial is watched for. */
export interface Objectives {
  readonly metrics: MetricGoals;
  readonly constraints: readonly MetricConstraint[];
  /** The value of a metric that counts. */
  readonly value: 'last' | 'best';
}

/** The rules of the options that say what is optimised; {@link goalsOf} checks them together. */
export const GOAL_RULES = {
  metric: metricName().inWords('the name of a metric'),
  mode: oneOf('min', 'max'),
  metrics: ruleOf("a list of at least one { name, mode: 'min' or 'max' } of different names", areGoals),
};

/** The rule of the option `constraints`. */
export const constraintsRule = rule<readonly MetricConstraint[]>(
  'a list of { metric, max } or { metric, min }, whose bounds are finite numbers',
  (value, option) => {
    if (!Array.isArray(value)) throw invalidOption(option, constraintsRule.words, value);
    return value.map((each: unknown, at) => constraintOf(each, `${option}[${at}]`));
  },
);

/**
 * Returns the metrics to optimise.
 *
 * @param fallback - the name of the metric if none is given; null if one must be
 * @throws {@link ExpmanError} `INVALID_OPTION` if `metrics` is given beside `metric` or `mode`, or none
 * of them
 */
export function goalsOf(
  given: {
    readonly metric?: string | undefined;
    readonly mode?: 'min' | 'max' | undefined;
    readonly metrics?: readonly MetricGoal[] | undefined;
  },
  fallback: string | null,
): MetricGoals {
  const { metric, mode, metrics } = given;
  if (metrics === undefined) {
    const name = metric ?? fallback;
    if (name === null)
      throw invalidOption('metric', 'the name of a metric, unless metrics has several', metric);
    return [{ name, mode: mode ?? 'min' }];
  }
  if (metric !== undefined || mode !== undefined)
    throw invalidOption('metrics', 'given without metric and mode', metrics);
  const [first, ...others] = metrics.map((goal) => ({ name: goal.name, mode: goal.mode }));
  if (first === undefined) throw invalidOption('metrics', 'a list of at least one', metrics);
  return [first, ...others];
}

/**
 * Refuses what looks at one metric alone, for several.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`
 */
export function mustFitSeveral(given: {
  readonly value: 'last' | 'best';
  readonly scheduler: NamedScheduler;
}): void {
  const { value, scheduler } = given;
  if (value === 'best')
    throw invalidOption(
      'value',
      "'last' for several metrics, whose best values may be of different steps",
      value,
    );
  if (scheduler.scheduler !== noScheduler)
    throw invalidOption(
      'scheduler',
      "left out, or 'none', for several metrics: it would compare trials by one of them",
      scheduler.schedulerName,
    );
}

/** Returns what of the plan of a sweep says what is optimised. */
export function plannedGoals(metrics: MetricGoals, constraints: readonly MetricConstraint[] = []) {
  const [{ name: metric, mode }] = metrics;
  return {
    ...{ metric, mode },
    ...(metrics.length > 1 && { metrics }),
    ...(constraints.length > 0 && { constraints }),
  };
}

/** True if a value is a list of metrics to optimise, as an option or in a file. */
export function areGoals(value: unknown): value is readonly MetricGoal[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  const names = value.map((goal: unknown): unknown => Reflect.get(Object(goal), 'name'));
  return (
    names.every((name) => typeof name === 'string' && name !== '') &&
    new Set(names).size === names.length &&
    value.every((goal: unknown) => ['min', 'max'].includes(String(Reflect.get(Object(goal), 'mode'))))
  );
}

/** True if a value is a list of constraints, as in a file or a message. */
export const areBounds = (value: unknown): value is readonly MetricConstraint[] =>
  Array.isArray(value) && value.every((each) => readConstraint(each) !== null);

function constraintOf(value: unknown, option: string): MetricConstraint {
  const constraint = readConstraint(value);
  if (constraint === null)
    throw invalidOption(option, '{ metric, max } or { metric, min }, whose bound is a finite number', value);
  return constraint;
}

function readConstraint(value: unknown): MetricConstraint | null {
  if (typeof value !== 'object' || value === null) return null;
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  if (given.length !== 2) return null;
  const { metric, max, min } = Object.fromEntries(given) as Readonly<Record<string, unknown>>;
  if (typeof metric !== 'string' || metric === '') return null;
  if (typeof max === 'number' && Number.isFinite(max)) return { metric, max };
  return typeof min === 'number' && Number.isFinite(min) ? { metric, min } : null;
}

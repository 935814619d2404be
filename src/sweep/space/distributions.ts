import { invalidOption } from '../../model/option-rules.js';
import { checkNumbers } from './distribution-rules.js';
import {
  DISTRIBUTION,
  isDistribution,
  type Choice,
  type LogUniform,
  type Normal,
  type NumberDistribution,
  type Option,
  type QUniform,
  type RandInt,
  type Uniform,
} from './space.js';

/**
 * Any number from `low` to `high`, all equally likely.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` unless both are finite and `low` is below `high`
 */
export function uniform(low: number, high: number): Uniform {
  return checked({ [DISTRIBUTION]: true, kind: 'uniform', low: withoutMinus(low), high: withoutMinus(high) });
}

/**
 * Any number from `low` to `high`, each order of magnitude equally likely: for learning rates and
 * the like.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` unless both are finite, `low` is above 0 and below
 * `high`
 */
export function logUniform(low: number, high: number): LogUniform {
  return checked({ [DISTRIBUTION]: true, kind: 'logUniform', low, high });
}

/**
 * One of `low`, `low + q`, `low + 2q` and so on, none above `high`, all equally likely.
 *
 * Values are rounded to 15 digits, so that three steps of 0.1 are 0.3.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` unless all are finite, `q` is above 0 and `low` not
 * above `high`
 */
export function quniform(low: number, high: number, q: number): QUniform {
  return checked({
    [DISTRIBUTION]: true,
    kind: 'quniform',
    low: withoutMinus(low),
    high: withoutMinus(high),
    q,
  });
}

/**
 * {@link quniform} under another name, spelt like `logUniform`.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, as that does
 */
export function qUniform(low: number, high: number, q: number): QUniform {
  return quniform(low, high, q);
}

/**
 * An integer from `low` to `high`, both ends included, all equally likely.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` unless both are safe integers and `low` is not above
 * `high`
 */
export function randint(low: number, high: number): RandInt {
  return checked({ [DISTRIBUTION]: true, kind: 'randint', low: withoutMinus(low), high: withoutMinus(high) });
}

/**
 * {@link randint} under a name that says what it yields.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, as that does
 */
export function integer(low: number, high: number): RandInt {
  return randint(low, high);
}

/**
 * A number of the normal distribution around `mean`, two in three within one `deviation` of it,
 * without bounds.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` unless both are finite and `deviation` is above 0
 */
export function normal(mean: number, deviation: number): Normal {
  return checked({ [DISTRIBUTION]: true, kind: 'normal', mean: withoutMinus(mean), deviation });
}

/**
 * One of the given options, all equally likely: strings, numbers, booleans, or objects with their
 * own parameters.
 *
 * The parameters inside an object exist only in trials that chose it. Two options must never look
 * the same in a trial's parameters, so that a finished trial shows which one was chosen: give such
 * objects a constant, for example `kind`. That rule, and the contents of objects, are checked with
 * the whole space.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` without options, and for an option of another type
 * @example
 * choice('sgd', 'adam');
 * choice({ kind: 'sgd', momentum: uniform(0, 1) }, { kind: 'adam', beta: uniform(0.8, 1) });
 */
export function choice<const O extends readonly Option[]>(...values: O): Choice<O[number]> {
  if (values.length === 0) throw invalidOption('choice', 'given at least one option', values);
  values.forEach((value, at) => checkOption(value, `choice[${at}]`));
  return Object.freeze<Choice<O[number]>>({
    [DISTRIBUTION]: true,
    kind: 'choice',
    options: Object.freeze([...values]),
  });
}

/** Returns 0 for -0, which YAML and JSON would not preserve. */
function withoutMinus(value: number): number {
  return value === 0 ? 0 : value;
}

function checkOption(value: unknown, at: string): void {
  const accepted =
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value)) ||
    (typeof value === 'object' && value !== null && !Array.isArray(value) && !isDistribution(value));
  if (!accepted)
    throw invalidOption(at, 'a string, a finite number, a boolean, or an object of parameters', value);
}

function checked<D extends NumberDistribution>(distribution: D): D {
  checkNumbers(distribution, distribution.kind);
  return Object.freeze(distribution);
}

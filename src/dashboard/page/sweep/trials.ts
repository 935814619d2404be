import { isMapping } from '../../../pure/is-mapping.js';
import type { ImportanceTrial } from '../../../pure/param-importance.js';
import { type Bound, frontOf, keepsBounds, valuesOf } from '../../../pure/sweep-front.js';
import { type Compared, dimensionsOf } from '../compare/value-rows.js';
import { valueText } from '../facts/format.js';
import { flatParams } from '../facts/run-values.js';

/** A trial of a sweep, as far as `sweep.yaml` is valid: the file may contain anything. */
export interface Trial {
  readonly number: number;
  /** running, finished, stopped, failed or interrupted. */
  readonly status: string;
  /** The name of its run; empty if there is none. */
  readonly run: string;
  readonly params: ReadonlyMap<string, unknown>;
  /** The parameters, nested. */
  readonly given: unknown;
  readonly value: number | null;
  /** One value for each metric of the sweep; empty if one of them is missing. */
  readonly values: readonly number[];
  /** The value of the metric of each constraint; empty if it is not known. */
  readonly constraintValues: readonly number[];
  /** True if it is known to keep all constraints. */
  readonly keepsBounds: boolean;
  readonly step: number | null;
  readonly error: string;
}

/** A metric that a sweep optimises. */
export interface Goal {
  readonly name: string;
  readonly mode: 'min' | 'max';
}

/** A sweep and its trials in the order they began. */
export interface Sweep {
  readonly status: string;
  readonly metric: string;
  readonly mode: 'min' | 'max';
  /** All metrics; `metric` and `mode` are those of the first. */
  readonly metrics: readonly Goal[];
  readonly constraints: readonly Bound[];
  /** The numbers of the trials on the Pareto front. */
  readonly front: ReadonlySet<number>;
  readonly searcher: string;
  readonly scheduler: string;
  readonly best: number | null;
  readonly trials: readonly Trial[];
  /** The declared space, and the trials with their parameters as they are nested in it. */
  readonly importance: { readonly space: unknown; readonly trials: readonly ImportanceTrial[] };
}

/** Reads the server's answer about a sweep. */
export function sweepOf(answer: Readonly<Record<string, unknown>>): Sweep {
  const plan = planOf(answer);
  const trials = Array.isArray(answer['trials'])
    ? answer['trials'].flatMap((each) => trialOf(each, plan) ?? [])
    : [];
  const best: unknown = isMapping(answer['best']) ? answer['best']['trial'] : null;
  return {
    status: textOrEmpty(answer['status']),
    ...{ metric: plan.metric, mode: plan.mode, metrics: plan.metrics, constraints: plan.constraints },
    front: new Set(frontOf(plan, trials).map(({ number }) => number)),
    searcher: textOrEmpty(answer['searcher']),
    scheduler: textOrEmpty(answer['scheduler']),
    best: typeof best === 'number' ? best : null,
    trials: trials.sort((one, other) => one.number - other.number),
    importance: {
      space: answer['space'],
      trials: trials.map(({ status, value, given }) => ({ status, value, params: given })),
    },
  };
}

/** What is optimised, as far as the file is valid. */
function planOf(answer: Readonly<Record<string, unknown>>) {
  const metric = textOrEmpty(answer['metric']);
  const mode = modeOf(answer['mode']);
  const goals = listOf(answer['metrics'], ({ name, mode: of }) =>
    typeof name === 'string' ? { name, mode: modeOf(of) } : null,
  );
  const constraints = listOf(answer['constraints'], ({ metric: of, max, min }): Bound | null => {
    if (typeof of !== 'string') return null;
    if (typeof max === 'number') return { metric: of, max };
    return typeof min === 'number' ? { metric: of, min } : null;
  });
  return { metric, mode, constraints, metrics: goals.length > 1 ? goals : [{ name: metric, mode }] };
}

const modeOf = (value: unknown): 'min' | 'max' => (value === 'max' ? 'max' : 'min');

const listOf = <T>(
  value: unknown,
  read: (each: Readonly<Record<string, unknown>>) => T | null,
): readonly T[] =>
  Array.isArray(value) ? value.flatMap((each: unknown) => (isMapping(each) ? (read(each) ?? []) : [])) : [];

const numbersOf = (value: unknown): readonly number[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'number') ? value : [];

function trialOf(record: unknown, plan: ReturnType<typeof planOf>): Trial | null {
  if (!isMapping(record) || typeof record['trial'] !== 'number') return null;
  const { trial, params, step } = record;
  const value = typeof record['value'] === 'number' ? record['value'] : null;
  const constraintValues = numbersOf(record['constraintValues']);
  return {
    ...{ value, constraintValues, keepsBounds: keepsBounds(plan, { constraintValues }) },
    values: valuesOf(plan, { value, values: numbersOf(record['values']) }),
    number: trial,
    status: textOrEmpty(record['status']),
    run: textOrEmpty(record['run']),
    params: new Map(isMapping(params) ? flatParams(params) : []),
    given: params,
    step: typeof step === 'number' ? step : null,
    error: textOrEmpty(record['error']),
  };
}

/** The best value among the finished trials that keep all constraints, up to each trial; null until one has. */
export function bestSoFar({ trials, mode }: Pick<Sweep, 'trials' | 'mode'>): (number | null)[] {
  let best: number | null = null;
  return trials.map(({ status, value, keepsBounds: isKept }) => {
    const isBetter =
      isKept && value !== null && (best === null || (mode === 'min' ? value < best : value > best));
    if (status === 'finished' && isBetter) best = value;
    return best;
  });
}

/** Returns the trials for comparison, by their parameters and the metrics of the sweep. */
export function comparedTrials(
  experiment: string,
  { trials, metrics }: Pick<Sweep, 'trials' | 'metrics'>,
): Compared[] {
  const names = metrics.map(({ name }) => name);
  return trials.map(({ number, run, params, value, values }) => {
    const of = dimensionsOf([...params.keys()], names);
    return {
      id: run === '' ? `trial ${number}` : `${experiment}/${run}`,
      colour: 'var(--accent)',
      values: new Map<string, unknown>([
        ...of.params.map(({ key, name }) => [key, params.get(name)] as const),
        // A trial that lacks another metric still has the first.
        ...of.metrics.map(
          ({ key }, at) => [key, values[at] ?? (at === 0 ? value : null) ?? undefined] as const,
        ),
      ]),
    };
  });
}

/** A constraint in words. */
export const boundText = ({ metric, max, min }: Bound): string =>
  max === undefined ? `${metric} ≥ ${valueText(min)}` : `${metric} ≤ ${valueText(max)}`;

const textOrEmpty = (value: unknown): string => (typeof value === 'string' ? value : '');

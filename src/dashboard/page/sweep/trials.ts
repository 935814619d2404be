import { isMapping } from '../../../pure/is-mapping.js';
import type { ImportanceTrial } from '../../../pure/param-importance.js';
import { type Compared, dimensionsOf } from '../compare/value-rows.js';
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
  readonly step: number | null;
  readonly error: string;
}

/** A sweep and its trials in the order they began. */
export interface Sweep {
  readonly status: string;
  readonly metric: string;
  readonly mode: 'min' | 'max';
  readonly searcher: string;
  readonly scheduler: string;
  readonly best: number | null;
  readonly trials: readonly Trial[];
  /** The declared space, and the trials with their parameters as they are nested in it. */
  readonly importance: { readonly space: unknown; readonly trials: readonly ImportanceTrial[] };
}

/** Reads the server's answer about a sweep. */
export function sweepOf(answer: Readonly<Record<string, unknown>>): Sweep {
  const trials = Array.isArray(answer['trials'])
    ? answer['trials'].flatMap((each) => trialOf(each) ?? [])
    : [];
  const best: unknown = isMapping(answer['best']) ? answer['best']['trial'] : null;
  return {
    status: textOrEmpty(answer['status']),
    metric: textOrEmpty(answer['metric']),
    mode: answer['mode'] === 'max' ? 'max' : 'min',
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

function trialOf(record: unknown): Trial | null {
  if (!isMapping(record) || typeof record['trial'] !== 'number') return null;
  const { trial, params, value, step } = record;
  return {
    number: trial,
    status: textOrEmpty(record['status']),
    run: textOrEmpty(record['run']),
    params: new Map(isMapping(params) ? flatParams(params) : []),
    given: params,
    value: typeof value === 'number' ? value : null,
    step: typeof step === 'number' ? step : null,
    error: textOrEmpty(record['error']),
  };
}

/** The best value among the finished trials up to each trial; null until one has finished. */
export function bestSoFar({ trials, mode }: Pick<Sweep, 'trials' | 'mode'>): (number | null)[] {
  let best: number | null = null;
  return trials.map(({ status, value }) => {
    const isBetter = value !== null && (best === null || (mode === 'min' ? value < best : value > best));
    if (status === 'finished' && isBetter) best = value;
    return best;
  });
}

/** Returns the trials for comparison, by their parameters and the metric of the sweep. */
export function comparedTrials(
  experiment: string,
  { trials, metric }: Pick<Sweep, 'trials' | 'metric'>,
): Compared[] {
  return trials.map(({ number, run, params, value }) => {
    const of = dimensionsOf([...params.keys()], [metric]);
    return {
      id: run === '' ? `trial ${number}` : `${experiment}/${run}`,
      colour: 'var(--accent)',
      values: new Map<string, unknown>([
        ...of.params.map(({ key, name }) => [key, params.get(name)] as const),
        ...of.metrics.map(({ key }) => [key, value ?? undefined] as const),
      ]),
    };
  });
}

const textOrEmpty = (value: unknown): string => (typeof value === 'string' ? value : '');

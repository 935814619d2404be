import {
  definedIn,
  definitionOf,
  type Goal,
  type MetricDefinition,
  type MetricDefinitions,
  statisticOf,
} from '../../../pure/metric-definition.js';
import type { RunFactsAnswer } from '../../api.js';

/** Definitions by metric, for the definitions of each run: tables ask for the same ones often. */
const found = new WeakMap<MetricDefinitions, Map<string, MetricDefinition>>();

/** Returns the definition of a metric in a run. */
export function definitionIn(
  { definitions }: Pick<RunFactsAnswer, 'definitions'>,
  metric: string,
): MetricDefinition {
  if (definitions === undefined) return {};
  const known = found.get(definitions) ?? new Map<string, MetricDefinition>();
  found.set(definitions, known);
  const definition = known.get(metric) ?? definitionOf(definitions, metric);
  known.set(metric, definition);
  return definition;
}

/** Returns the statistic that stands for a metric of a run, by its definition. */
export const standingStatistic = (
  facts: Pick<RunFactsAnswer, 'definitions'>,
  metric: string,
): ReturnType<typeof statisticOf> => statisticOf(definitionIn(facts, metric));

/** Returns one property of a metric's or summary value's definition. */
export type Defined = <K extends keyof MetricDefinition>(
  property: K,
  name: string,
) => MetricDefinition[K] | undefined;

/**
 * Returns a function that finds definitions over several runs: that of the newest run that has one.
 */
export function definedOver(runs: readonly Pick<RunFactsAnswer, 'definitions' | 'startedAt'>[]): Defined {
  // Most runs have the same definitions: those of the newest one count for all of them.
  const newest = new Map<string, (typeof runs)[number]>();
  for (const facts of runs) {
    if (facts.definitions === undefined) continue;
    const key = JSON.stringify(facts.definitions);
    const known = newest.get(key);
    if (known === undefined || (facts.startedAt ?? '') > (known.startedAt ?? '')) newest.set(key, facts);
  }
  return (property, name) => definedIn(property, [...newest.values()], name);
}

/** Describes a goal in words. */
export const goalText = (goal: Goal): string => (goal === 'min' ? 'lower is better' : 'higher is better');

import { matchesGlob } from './glob.js';

/** The direction in which a metric gets better. */
export type Goal = 'min' | 'max';

/** The statistic that stands for a metric of a run; `best` is its minimum or maximum, by the goal. */
export type SummaryStatistic = 'last' | 'best' | 'min' | 'max' | 'mean';

/** What is known of the metrics whose names match a pattern. */
export interface MetricDefinition {
  /** The direction in which the metric gets better. */
  readonly goal?: Goal | undefined;
  /** The metric over which its curve is drawn; `step` and `time` are steps and seconds. */
  readonly x?: string | undefined;
  /** The statistic that stands for the metric wherever runs are ranked or shown in one figure. */
  readonly summary?: SummaryStatistic | undefined;
}

/**
 * Definitions by the name of a metric, or by a pattern of names in which `*` stands for any
 * characters and `?` for one.
 */
export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

/**
 * Returns the definition of one metric. Each of its properties comes from the closest definition
 * that has it: that of the metric's name, else that of the matching pattern with the most literal
 * characters, of several the later one.
 */
export function definitionOf(definitions: MetricDefinitions, metric: string): MetricDefinition {
  const matching = Object.entries(definitions)
    .filter(([pattern]) => isOf(pattern, metric))
    .sort(([one], [other]) => rankOf(one, metric) - rankOf(other, metric));
  return Object.assign({}, ...matching.map(([, definition]) => definition)) as MetricDefinition;
}

/** True if a pattern is a name or matches it; most patterns are names, which are only compared. */
const isOf = (pattern: string, metric: string): boolean =>
  pattern === metric || (/[*?]/.test(pattern) && matchesGlob(metric, pattern));

/** Ranks a pattern: the higher, the closer it is to the name. */
const rankOf = (pattern: string, metric: string): number =>
  pattern === metric ? Infinity : Array.from(pattern.replaceAll(/[*?]/g, '')).length;

/** Returns the statistic of a definition in the words of a summary: `best` as the goal says. */
export function statisticOf({ goal, summary = 'last' }: MetricDefinition): Exclude<SummaryStatistic, 'best'> {
  return summary === 'best' ? (goal ?? 'last') : summary;
}

/** A run, as far as it defines metrics; one that cannot be read has neither. */
interface Defining {
  readonly definitions?: MetricDefinitions | undefined;
  /** ISO 8601, UTC. */
  readonly startedAt?: string | undefined;
}

/**
 * Returns one property of a metric's or summary value's definition over several runs: that of the
 * newest run that defines it.
 */
export function definedIn<K extends keyof MetricDefinition>(
  property: K,
  runs: readonly Defining[],
  name: string,
): MetricDefinition[K] | undefined {
  let newest = '';
  let found: MetricDefinition[K] | undefined;
  for (const { definitions = {}, startedAt = '' } of runs) {
    const own = definitionOf(definitions, name)[property];
    if (own === undefined || startedAt < newest) continue;
    newest = startedAt;
    found = own;
  }
  return found;
}

/**
 * Returns a function that tells which of several values are the best by a goal; a value without
 * another to compare it with is not.
 */
export function bestAmong(values: readonly unknown[], goal: Goal): (value: unknown) => boolean {
  const numbers = values.flatMap((value) => (isRanked(value) ? [Number(value)] : []));
  if (values.length < 2 || numbers.length === 0) return () => false;
  const best = numbers.reduce((one, other) => (goal === 'min' ? Math.min(one, other) : Math.max(one, other)));
  return (value) => isRanked(value) && Number(value) === best;
}

const isRanked = (value: unknown): boolean =>
  ['number', 'bigint', 'boolean'].includes(typeof value) && !Number.isNaN(Number(value));

/** Returns the names of a run's summary values, the headline first. */
export function summaryNames({
  summary = {},
  headline = [],
}: {
  readonly summary?: Readonly<Record<string, unknown>> | undefined;
  readonly headline?: readonly string[] | undefined;
}): string[] {
  return [...new Set([...headline, ...Object.keys(summary)])].filter((name) => Object.hasOwn(summary, name));
}

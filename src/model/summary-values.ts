import type {
  Goal,
  MetricDefinition,
  MetricDefinitions,
  SummaryStatistic,
} from '../pure/metric-definition.js';
import { isMetricValue, type MetricValue } from './metric.js';
import { invalidOption, oneOf, ruleOf, string } from './option-rules.js';
import { optionsTable } from './options-table.js';
import { bareObject, isPolluting } from './param-value.js';
import { entriesIn } from './stored-values.js';

/** Values of a run as a whole, by name. */
export type SummaryValues = Readonly<Record<string, MetricValue>>;

/** Options of `run.summary`. */
export interface SummaryOptions {
  /**
   * Shows the values first wherever a run has room for a few figures only; false takes that back.
   * Without it, values keep what they have.
   */
  readonly headline?: boolean | undefined;
}

/** The keys of run.yaml that hold summary values and definitions, and are facts in the log. */
export interface SummaryFacts {
  readonly summary: SummaryValues;
  /** The names of the values that are shown first. */
  readonly headline: readonly string[];
  /** Goals, x axes and statistics of metrics, by name or pattern. */
  readonly definitions: MetricDefinitions;
}

const GOALS = ['min', 'max'] as const satisfies readonly Goal[];
const STATISTICS = ['last', 'best', 'min', 'max', 'mean'] as const satisfies readonly SummaryStatistic[];

const DEFINITION = optionsTable<MetricDefinition>()({
  goal: oneOf(...GOALS),
  x: string().inWords("the name of a metric, 'step' or 'time'"),
  summary: oneOf(...STATISTICS),
});
const PATTERN = ruleOf(
  "a metric's name, or a pattern of names such as 'val/*'",
  (value): value is string => typeof value === 'string' && value !== '' && !isPolluting(value),
);

/**
 * Checks a definition of metrics.
 *
 * @throws ExpmanError `INVALID_OPTION`, also for a `best` without a goal, and for nothing to define
 */
export function checkedDefinition(pattern: unknown, given: MetricDefinition): MetricDefinition {
  PATTERN.check('pattern', pattern);
  const { goal, x, summary } = DEFINITION.resolve(given);
  if (x === '') throw invalidOption('x', DEFINITION.rules.x.words, x);
  if (summary === 'best' && goal === undefined)
    throw invalidOption('goal', "'min' or 'max' beside summary: 'best'", goal);
  if (goal === undefined && x === undefined && summary === undefined)
    throw invalidOption('definition', `an object with one of ${DEFINITION.names.join(', ')}`, given);
  return {
    ...(goal !== undefined && { goal }),
    ...(x !== undefined && { x }),
    ...(summary !== undefined && { summary }),
  };
}

/** Makes the mapping that stands for a headline in files, in which names can be merged. */
export const headlineMapping = (names: readonly string[], is = true): Record<string, boolean> =>
  bareObject(names.map((name) => [name, is]));

/** Reads summary values and definitions from a mapping that may hold anything. */
export function summaryFactsIn(file: Readonly<Record<string, unknown>>): SummaryFacts {
  const summary = bareObject(entriesIn(file['summary']).filter(isValueEntry));
  return {
    summary,
    headline: entriesIn(file['headline']).flatMap(([name, is]) =>
      is === true && Object.hasOwn(summary, name) ? [name] : [],
    ),
    definitions: bareObject(
      entriesIn(file['definitions']).map(([pattern, said]) => [pattern, definitionIn(said)] as const),
    ),
  };
}

const isValueEntry = (entry: [string, unknown]): entry is [string, MetricValue] => isMetricValue(entry[1]);

function definitionIn(said: unknown): MetricDefinition {
  const { goal, x, summary } = Object.fromEntries(entriesIn(said));
  const knownGoal = GOALS.find((each) => each === goal);
  const statistic = STATISTICS.find((each) => each === summary);
  return {
    ...(knownGoal !== undefined && { goal: knownGoal }),
    ...(typeof x === 'string' && x !== '' && { x }),
    ...(statistic !== undefined && { summary: statistic }),
  };
}

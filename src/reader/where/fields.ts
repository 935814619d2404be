import { figureOf } from '../../model/figure.js';
import type { MetricSummary } from '../../model/metric.js';
import type { ParamValue, Params } from '../../model/param-value.js';
import type { RunFacts } from '../../model/run-facts.js';
import { parentText } from '../../model/run-parent.js';
import { definitionOf, type Goal } from '../../pure/metric-definition.js';

/** The type of a field, which decides how a value next to it is parsed. */
export type FieldType = 'any' | 'number' | 'text' | 'status' | 'date' | 'duration' | 'list';

/** A value of a run as seen by filters and orders; undefined if the run has none. */
export type FieldValue = ParamValue | undefined;

/** A field of a run. */
export type Field =
  | { readonly kind: 'fact'; readonly name: FactName }
  | { readonly kind: 'param' | 'metric' | 'summary'; readonly path: readonly string[] };

interface Fact {
  readonly type: FieldType;
  readonly of: (facts: RunFacts) => FieldValue;
}

/** The versions of artifacts, as `model:v3`. */
const refsIn = (links: object): FieldValue => {
  const refs = Object.keys(links);
  return refs.length === 0 ? undefined : refs;
};

const unlessEmpty = (text: string): FieldValue => (text === '' ? undefined : text);

const FACTS = {
  experiment: { type: 'text', of: ({ experiment }) => experiment },
  run: { type: 'text', of: ({ run }) => run },
  project: { type: 'text', of: ({ project }) => project },
  uuid: { type: 'text', of: ({ uuid }) => uuid },
  status: { type: 'status', of: ({ status }) => status },
  startedAt: { type: 'date', of: ({ startedAt }) => startedAt },
  endedAt: { type: 'date', of: ({ endedAt }) => endedAt },
  duration: { type: 'duration', of: ({ durationMs }) => durationMs },
  rows: { type: 'number', of: ({ rows }) => rows },
  accepted: { type: 'number', of: ({ accepted }) => accepted },
  rewound: { type: 'number', of: ({ rewound }) => rewound },
  lastStep: { type: 'number', of: ({ lastStep }) => lastStep ?? undefined },
  dropped: { type: 'number', of: ({ dropped }) => dropped },
  invalid: { type: 'number', of: ({ invalid }) => invalid },
  lost: { type: 'number', of: ({ lost }) => lost },
  alerts: { type: 'number', of: ({ alerts, alertsLeftOut }) => alerts.length + alertsLeftOut },
  tags: { type: 'list', of: ({ tags }) => (tags.length === 0 ? undefined : tags) },
  logged: { type: 'list', of: ({ loggedArtifacts }) => refsIn(loggedArtifacts) },
  used: { type: 'list', of: ({ usedArtifacts }) => refsIn(usedArtifacts) },
  notes: { type: 'text', of: ({ notes }) => unlessEmpty(notes) },
  group: { type: 'text', of: ({ group }) => group },
  rank: { type: 'number', of: ({ rank }) => rank },
  parent: { type: 'text', of: ({ parent }) => parent && parentText(parent) },
  error: { type: 'text', of: ({ error }) => error && `${error.name}: ${error.message}` },
} as const satisfies Readonly<Record<string, Fact>>;

/** The names of the facts that every run has, beside its parameters and metrics. */
export type FactName = keyof typeof FACTS;

/** Aliases of facts. */
const ALIASES: ReadonlyMap<string, FactName> = new Map([
  ['name', 'run'],
  ['durationms', 'duration'],
]);

const NAMES: ReadonlyMap<string, FactName> = new Map([
  ...(Object.keys(FACTS) as FactName[]).map((name) => [name.toLowerCase(), name] as const),
  ...ALIASES,
]);

/** The names of the facts, in order. */
export const FACT_WORDS: readonly string[] = Object.keys(FACTS);
/** The words before the path of a field. */
export const PATH_WORDS = { param: 'params', metric: 'metrics', summary: 'summary' } as const;

/** Words that a field can begin with, for suggestions after a misspelling. */
export const FIELD_WORDS: readonly string[] = [
  ...FACT_WORDS,
  'name',
  'durationMs',
  ...Object.values(PATH_WORDS),
];

/** Returns the fact that a word names, ignoring case. */
export const factNamed = (word: string): FactName | undefined => NAMES.get(word.toLowerCase());

/** Returns the type by which a value next to the field is parsed. */
export const typeOfField = (field: Field): FieldType =>
  field.kind === 'fact' ? FACTS[field.name].type : 'any';

/** Returns the value of a run's field; undefined if it has none, or null. */
export function valueOf(field: Field, facts: RunFacts): FieldValue {
  return fieldOf(field, facts) ?? undefined;
}

function fieldOf(field: Field, facts: RunFacts): FieldValue {
  switch (field.kind) {
    case 'fact':
      return FACTS[field.name].of(facts);
    case 'param':
      return paramAt(facts.params, field.path, 0);
    case 'metric':
      return metricAt(facts, field.path);
    case 'summary': {
      const name = field.path.join('.');
      return Object.hasOwn(facts.summary, name) ? facts.summary[name] : undefined;
    }
  }
}

/** Names may contain dots themselves: the longest existing name is tried first. */
function paramAt(value: ParamValue, path: readonly string[], from: number): FieldValue {
  if (from === path.length) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const members = value as Params;
  for (let to = path.length; to > from; to--) {
    const key = path.slice(from, to).join('.');
    if (!Object.hasOwn(members, key) || (Array.isArray(value) && !/^\d+$/.test(key))) continue;
    const found = paramAt(members[key]!, path, to);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Reads a statistic; the best depends on the goal of the metric. */
type Statistic = (summary: MetricSummary, goal?: Goal) => FieldValue;

const STATISTICS: ReadonlyMap<string, Statistic> = new Map<string, Statistic>([
  ['last', ({ last }) => last],
  ['min', ({ min }) => min],
  ['max', ({ max }) => max],
  ['mean', ({ mean }) => mean],
  ['count', ({ count }) => count],
  ['stepOfMin', ({ minStep }) => minStep],
  ['stepOfMax', ({ maxStep }) => maxStep],
  ['minStep', ({ minStep }) => minStep],
  ['maxStep', ({ maxStep }) => maxStep],
  ['nan', ({ nan }) => nan ?? 0],
  ['texts', ({ texts }) => texts ?? 0],
  ['best', (summary, goal) => goal && summary[goal]],
]);

/** The statistics that a metric's name may end with. */
export const STATISTIC_WORDS: readonly string[] = [...STATISTICS.keys()];

/**
 * A metric with that full name takes precedence over a statistic of a metric named by all but the
 * last part.
 */
function metricAt(facts: RunFacts, path: readonly string[]): FieldValue {
  const figure = figureOf(facts, path.join('.'));
  if (figure !== undefined) return figure;
  const metric = path.slice(0, -1).join('.');
  const summary = facts.metrics.get(metric);
  if (summary === undefined) return undefined;
  return STATISTICS.get(path.at(-1) ?? '')?.(summary, definitionOf(facts.definitions, metric).goal);
}

import type { MetricRow, MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import type { SummaryValues } from '../../model/summary-values.js';
import type { MetricDefinition, MetricDefinitions, SummaryStatistic } from '../../pure/metric-definition.js';
import { isMapping, type Mapping } from '../source/source-files.js';
import { flatValues } from './history.js';

/** The values that W&B itself puts into each summary. */
const THEIRS: ReadonlySet<string> = new Set(['_runtime', '_step', '_timestamp', '_wandb']);

/**
 * Returns the values of a W&B summary that say more than the rows, nested ones as `a.b`.
 *
 * W&B copies the last value of each logged metric into the summary, unless `define_metric` says
 * otherwise (https://docs.wandb.ai/models/track/log/log-summary). Such a copy is left out: it would
 * double each metric. Everything else was set with `run.summary`, is a statistic that
 * `define_metric` asked for (`loss.min`), or differs from a history that was sampled when it was
 * downloaded.
 */
export async function summaryValues(
  summary: Mapping,
  rows: () => AsyncIterable<MetricRow>,
): Promise<SummaryValues> {
  const values = new Map(flatValues(Object.entries(summary).filter(([name]) => !THEIRS.has(name))));
  if (values.size === 0) return {};
  const last = new Map<string, MetricValue>();
  for await (const row of rows())
    for (const [metric, value] of Object.entries(row.values)) if (values.has(metric)) last.set(metric, value);
  for (const [metric, value] of last) if (isSame(value, values.get(metric))) values.delete(metric);
  return bareObject(values);
}

/** Compares values of two files, one of which may have integers as bigints. */
const isSame = (one: MetricValue, other: MetricValue | undefined): boolean =>
  typeof one === 'string' || typeof other === 'string'
    ? one === other
    : Object.is(Number(one) + 0, Number(other) + 0);

/** The fields of a `MetricRecord` of W&B, by their numbers in wandb_internal.proto. */
const FIELDS = { name: '1', pattern: '2', x: '4', xIndex: '5', summary: '7', goal: '8' } as const;
/** `Goal` of the same file. */
const GOALS: ReadonlyMap<unknown, 'min' | 'max'> = new Map<unknown, 'min' | 'max'>([
  [1, 'min'],
  [2, 'max'],
]);
/** The fields of its `MetricSummary`; `none`, `copy` and `first` have no counterpart. */
const STATISTICS: ReadonlyMap<unknown, SummaryStatistic> = new Map<unknown, SummaryStatistic>([
  [1, 'min'],
  [2, 'max'],
  [3, 'mean'],
  [4, 'best'],
  [5, 'last'],
]);
/** The x axes that are no metrics of a run. */
const AXES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  ['_step', 'step'],
  ['_runtime', 'time'],
  ['_timestamp', 'time'],
]);

/**
 * Returns what `define_metric` said of metrics, from the configuration: W&B keeps it there as a
 * list of records with the numbers of their fields as keys (`proto_encode_to_dict` in its
 * `proto_util.py`), under `_wandb` and `m`.
 *
 * Of several statistics none is taken: a metric has one here, and `loss.min` and `loss.max` are in
 * the summary.
 */
export function definitionsIn(config: Mapping): MetricDefinitions {
  const theirs = mappingIn(config['_wandb']);
  const { m } = 'value' in theirs ? mappingIn(theirs['value']) : theirs;
  return definitionsOf(Array.isArray(m) ? m.map(mappingIn) : []);
}

/** Returns what records with the numbers of their fields as keys say of metrics. */
export function definitionsOf(records: readonly Mapping[]): MetricDefinitions {
  return bareObject(
    records.flatMap((record): [string, MetricDefinition][] => {
      const name = record[FIELDS.name] ?? record[FIELDS.pattern];
      const definition = definitionOf(record, records);
      return typeof name === 'string' && Object.keys(definition).length > 0 ? [[name, definition]] : [];
    }),
  );
}

function definitionOf(record: Mapping, records: readonly Mapping[]): MetricDefinition {
  const goal = GOALS.get(record[FIELDS.goal]);
  const asked: unknown = record[FIELDS.summary];
  const [statistic, other] = Array.isArray(asked) ? asked.map((each) => STATISTICS.get(each)) : [];
  const x = record[FIELDS.x] ?? records[Number(record[FIELDS.xIndex]) - 1]?.[FIELDS.name];
  const isClear = other === undefined && (statistic !== 'best' || goal !== undefined);
  return {
    ...(goal !== undefined && { goal }),
    ...(typeof x === 'string' && x !== '' && { x: AXES.get(x) ?? x }),
    ...(statistic !== undefined && isClear && { summary: statistic }),
  };
}

const mappingIn = (value: unknown): Mapping => (isMapping(value) ? value : {});

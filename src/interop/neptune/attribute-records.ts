import type { MetricValue } from '../../model/metric.js';
import { isParamGroup, type Params, type ParamValue } from '../../model/param-value.js';
import { encodeParams } from '../../model/params.js';
import { RunStatus } from '../../model/run-status.js';
import type { Step } from '../../model/step.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { metricFieldsOf, type MetricField, valueAs } from '../exchange/metric-fields.js';
import { summaryJson } from '../exchange/summary-json.js';
import { MAX_STEP, type NeptuneRecord } from './attribute-columns.js';

/** The paths of a run's attributes; a metric's path is its name. */
export const PATHS = {
  params: 'params/',
  tags: 'sys/tags',
  name: 'sys/name',
  id: 'sys/custom_run_id',
  description: 'sys/description',
  created: 'sys/creation_time',
  modified: 'sys/modification_time',
  failed: 'sys/failed',
  group: 'sys/group_tags',
  /**
   * Attributes that neptune has no place for are under `expman/`: the run's final status in our
   * terms.
   */
  status: 'expman/status',
  /**
   * Types and names of the metrics, as JSON: integers and booleans are plain numbers in a series.
   */
  fields: 'expman/fields',
  /** The parameters again, written by `encodeParams`: neptune has no lists and no null. */
  exactParams: 'expman/params',
  log: 'expman/log',
  summary: 'summary/',
  /** The summary again, with its headline and the definitions of metrics, as JSON. */
  exactSummary: 'expman/summary',
} as const;

/** Yields a run as records, those of a metric in the order of its rows. */
export async function* recordsOf(run: ExchangeRun): AsyncGenerator<NeptuneRecord, void> {
  const fields = await metricFieldsOf(run);
  yield* factsOf(run, fields);
  yield* paramsOf(run.params, PATHS.params);
  const types = new Map(fields.map(({ metric, type }) => [metric, type]));
  for (const [name, value] of Object.entries(run.summary ?? {})) {
    const attribute_path = PATHS.summary + name;
    // An attribute cannot be a single value and a series.
    if (!types.has(attribute_path)) yield { attribute_path, ...configValue(value) };
  }
  for await (const { step, timestamp, values } of run.rows()) {
    const place = { step: stepOf(step), timestamp: timestamp ?? null };
    for (const [metric, value] of Object.entries(values)) {
      const type = types.get(metric);
      if (type !== undefined)
        yield { attribute_path: metric, ...place, ...seriesValue(valueAs(value, type)) };
    }
  }
  for await (const { timestampMs, level, message } of run.log())
    yield {
      attribute_path: PATHS.log,
      attribute_type: 'string_series',
      timestamp: timestampMs,
      string_value: `${level.toUpperCase()} ${message}`,
    };
}

function* factsOf(run: ExchangeRun, fields: readonly MetricField[]): Generator<NeptuneRecord, void> {
  const { experiment, run: name, status, startedAt, endedAt, tags, notes, group } = run;
  const text = (attribute_path: string, string_value: string): NeptuneRecord => ({
    attribute_path,
    attribute_type: 'string',
    string_value,
  });
  const time = (attribute_path: string, iso: string): NeptuneRecord => ({
    attribute_path,
    attribute_type: 'datetime',
    datetime_value: Date.parse(iso),
  });
  const set = (attribute_path: string, string_set_value: readonly string[]): NeptuneRecord => ({
    attribute_path,
    attribute_type: 'string_set',
    string_set_value,
  });
  yield text(PATHS.name, experiment);
  yield text(PATHS.id, name);
  yield text(PATHS.status, status);
  const types = fields.map(({ metric, type }) => ({ name: metric, type }));
  yield text(PATHS.fields, JSON.stringify(types));
  yield text(PATHS.exactParams, encodeParams(run.params));
  const summary = summaryJson(run);
  if (Object.keys(summary).length > 0) yield text(PATHS.exactSummary, JSON.stringify(summary));
  const failed = status === RunStatus.Failed || status === RunStatus.Crashed;
  yield { attribute_path: PATHS.failed, attribute_type: 'bool', bool_value: failed };
  if (startedAt !== null) yield time(PATHS.created, startedAt);
  if (endedAt !== null) yield time(PATHS.modified, endedAt);
  if (notes !== '') yield text(PATHS.description, notes);
  if (tags.length > 0) yield set(PATHS.tags, tags);
  if (group !== null) yield set(PATHS.group, [group]);
}

/**
 * Yields parameters; nested ones are at `params/optimizer/lr`, and values that neptune has no type
 * for become text.
 */
function* paramsOf(params: Params, prefix: string): Generator<NeptuneRecord, void> {
  for (const [name, value] of Object.entries(params)) {
    if (isParamGroup(value)) yield* paramsOf(value, `${prefix}${name}/`);
    else yield { attribute_path: prefix + name, ...configValue(value) };
  }
}

function configValue(value: ParamValue): Omit<NeptuneRecord, 'attribute_path'> {
  if (typeof value === 'string') return { attribute_type: 'string', string_value: value };
  if (typeof value === 'boolean') return { attribute_type: 'bool', bool_value: value };
  if (typeof value === 'number') return { attribute_type: 'float', float_value: value };
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)
    return { attribute_type: 'int', int_value: value };
  const text =
    typeof value === 'bigint' ? String(value) : encodeParams({ value }).slice('{"value":'.length, -1);
  return { attribute_type: 'string', string_value: text };
}

function seriesValue(value: MetricValue): Omit<NeptuneRecord, 'attribute_path'> {
  return typeof value === 'string'
    ? { attribute_type: 'string_series', string_value: value }
    : { attribute_type: 'float_series', float_value: Number(value) };
}

const stepOf = (step: Step | null | undefined): number | null =>
  typeof step === 'number' && Math.abs(step) <= MAX_STEP ? step : null;

import type { LogLine } from '../../run/log-line.js';
import { quoted } from '../../model/printable.js';
import { rowValues } from '../exchange/made-row.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';
import { isoOfMicros, isoOfMs, microsOf, microsOfIso } from '../exchange/instants.js';
import type { MetricField } from '../exchange/metric-fields.js';
import { isMapping, textOr } from '../source/source-files.js';
import { jsonIn, stepFromJson, stepJson, valueFromJson } from './json-values.js';

/**
 * Writes rows as flat JSON objects: `{"step":3,"timestamp":"…","loss":0.5}`; missing values are
 * left out. A step beyond 2^53 is a text of digits.
 */
export function rowWriter(fields: readonly MetricField[]): (row: MetricRow) => string {
  const columns = new Map(
    fields.map((field) => [field.metric, { ...field, key: JSON.stringify(field.name) }]),
  );
  return ({ step, timestamp, values }) => {
    const micros = microsOf(timestamp);
    const members = [`"step":${stepJson(step ?? null)}`];
    members.push(`"timestamp":${micros === undefined ? 'null' : `"${isoOfMicros(micros)}"`}`);
    for (const metric of Object.keys(values)) {
      const column = columns.get(metric);
      const value = values[metric];
      if (column === undefined || value === undefined) continue;
      members.push(`${column.key}:${jsonIn(column.type, value)}`);
    }
    return `{${members.join(',')}}`;
  };
}

/**
 * Reads rows written by {@link rowWriter}, from parsed JSON; `wrong` makes the error for a row that
 * is not valid.
 */
export function rowReader(
  fields: readonly MetricField[],
): (json: unknown, wrong: (what: string) => Error) => MetricRow {
  const columns = new Map(fields.map((field) => [field.name, field]));
  return (json, wrong) => {
    if (!isMapping(json)) throw wrong('it is not a row');
    const entries: [string, MetricValue][] = [];
    for (const [name, value] of Object.entries(json)) {
      if (name === 'step' || name === 'timestamp' || value === null) continue;
      const field = columns.get(name);
      if (field === undefined) throw wrong(`${quoted(name)} is not one of the fields`);
      const read = valueFromJson(value, field.type);
      if (read === undefined) throw wrong(`${quoted(name)} is not a ${field.type}`);
      entries.push([field.metric, read]);
    }
    return { ...placeOf(json['step'], json['timestamp'], wrong), values: rowValues(entries) };
  };
}

function placeOf(
  step: unknown,
  timestamp: unknown,
  wrong: (what: string) => Error,
): Pick<MetricRow, 'step' | 'timestamp'> {
  const read = stepFromJson(step ?? null);
  if (read === undefined) throw wrong('the step is not a whole number');
  const micros = typeof timestamp === 'string' ? microsOfIso(timestamp) : undefined;
  if (micros === undefined && (timestamp ?? null) !== null)
    throw wrong('the timestamp is not an ISO 8601 time');
  return {
    step: read,
    ...(micros !== undefined && { timestamp: micros / 1000 }),
  };
}

/** Writes a line of a run's log as a JSON object. */
export function logLineJson({ timestampMs, level, message, meta }: LogLine): string {
  return JSON.stringify({
    timestamp: isoOfMs(timestampMs),
    level,
    message,
    ...(Object.keys(meta).length > 0 && { meta }),
  });
}

/** Reads a line written by {@link logLineJson}, from parsed JSON. */
export function logLineFrom(json: unknown, wrong: (what: string) => Error): LogLine {
  const { timestamp, level, message, meta } = isMapping(json) ? json : {};
  const micros = typeof timestamp === 'string' ? microsOfIso(timestamp) : undefined;
  if (micros === undefined || typeof message !== 'string') throw wrong('it is not a log line');
  return {
    timestampMs: Math.floor(micros / 1000),
    level: textOr(level, 'info'),
    message,
    meta: isMapping(meta) ? meta : {},
  };
}

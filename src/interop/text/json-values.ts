import type { MetricValue } from '../../model/metric.js';
import { parseStep, type Step, stepFromText } from '../../model/step.js';
import { type MetricType, valueAs } from '../exchange/metric-fields.js';
import { isMapping, type Mapping } from '../source/source-files.js';

const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);
const INTEGER = /^-?\d{1,20}$/;

/**
 * Writes a value as JSON text that can be read back exactly, given its column's type.
 *
 * Numbers that JSON cannot express are texts: `"NaN"`, `"Infinity"`, `"-Infinity"`, and the digits
 * of an integer beyond 2^53. In a column of texts they are `{"$number":"NaN"}` or
 * `{"$bigint":"…"}`, because a text may look the same.
 */
export function jsonIn(type: MetricType, value: MetricValue): string {
  if (type !== 'UTF8' || typeof value === 'string') return jsonOf(valueAs(value, type));
  const json = jsonOf(value);
  return json.startsWith('"') ? `{"$${typeof value}":${json}}` : json;
}

/** Writes a value as JSON text, whatever its column. */
function jsonOf(value: MetricValue): string {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return `"${value}"`;
    return Object.is(value, -0) ? '-0.0' : String(value);
  }
  if (typeof value === 'bigint') {
    return BigInt.asIntN(53, value) === value ? String(value) : `"${value}"`;
  }
  return JSON.stringify(value);
}

/**
 * Reads a value written by {@link jsonIn}, from parsed JSON; undefined if it is not a value of that
 * type.
 */
export function valueFromJson(json: unknown, type: MetricType): MetricValue | undefined {
  switch (type) {
    case 'DOUBLE':
      if (typeof json === 'number') return json;
      return typeof json === 'string' ? NOT_FINITE.get(json) : undefined;
    case 'INT64':
      return int64Of(json);
    case 'BOOLEAN':
      return typeof json === 'boolean' ? json : undefined;
    case 'UTF8':
      if (['string', 'number', 'boolean'].includes(typeof json)) return json as MetricValue;
      return isMapping(json) ? taggedValue(json) : undefined;
    default:
      return type satisfies never;
  }
}

function taggedValue({ $number, $bigint }: Mapping): MetricValue | undefined {
  return typeof $number === 'string' ? NOT_FINITE.get($number) : int64Of($bigint);
}

function int64Of(json: unknown): bigint | undefined {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : undefined;
  if (typeof json !== 'string' || !INTEGER.test(json)) return undefined;
  const value = BigInt(json);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Writes a step as JSON text: beyond 2^53 a text of digits, which no reader rounds. */
export const stepJson = (step: Step | null): string =>
  typeof step === 'bigint' ? `"${step}"` : String(step);

/** Reads a step written by {@link stepJson}, from parsed JSON; undefined for anything else. */
export const stepFromJson = (json: unknown): Step | null | undefined =>
  json === null ? null : typeof json === 'string' ? stepFromText(json) : parseStep(json);

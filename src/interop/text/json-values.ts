import type { MetricValue } from '../../model/metric.js';
import type { MetricType } from '../exchange/metric-fields.js';

const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);
const INTEGER = /^-?\d{1,20}$/;

/**
 * A value as JSON text that is read back as it was, given its column's type.
 *
 * What JSON numbers cannot say is a text: `"NaN"`, `"Infinity"`, `"-Infinity"`, and an integer beyond 2^53 by its digits.
 */
export function jsonOf(value: MetricValue): string {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return `"${value}"`;
    return Object.is(value, -0) ? '-0.0' : String(value);
  }
  if (typeof value === 'bigint') {
    return BigInt.asIntN(53, value) === value ? String(value) : `"${value}"`;
  }
  return JSON.stringify(value);
}

/** What {@link jsonOf} was given, from parsed JSON; undefined for what is no value of that type. */
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
      return typeof json === 'string' ? json : undefined;
    default:
      return type satisfies never;
  }
}

function int64Of(json: unknown): bigint | undefined {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : undefined;
  if (typeof json !== 'string' || !INTEGER.test(json)) return undefined;
  const value = BigInt(json);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

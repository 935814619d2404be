import { types } from 'node:util';

/**
 * A value as JSON: what JSON has no words for, bigints and the numbers that are none, is text, and maps are objects.
 *
 * @param first - changes each value before that
 */
export const jsonText = (
  value: unknown,
  indent?: number,
  first: (value: unknown) => unknown = (each) => each,
): string => JSON.stringify(value, (_key, each: unknown) => plain(first(each)), indent);

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (types.isMap(value)) return Object.fromEntries(value as ReadonlyMap<string, unknown>);
  return value;
}

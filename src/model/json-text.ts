import { types } from 'node:util';

/**
 * A value as JSON: bigints, NaN and infinities, which JSON cannot express, become text, and maps
 * become objects.
 *
 * @param first - applied to each value before that
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

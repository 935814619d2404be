import { types } from 'node:util';
import { attempt } from './attempt.js';
import { messageOf } from './errors.js';

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

/** A value that JSON cannot express as one that it can; its members stay as they are. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (types.isMap(value)) return Object.fromEntries(value as ReadonlyMap<string, unknown>);
  return value;
}

/**
 * A value of a file as JSON, with bigints as text; its message or text if JSON cannot express it.
 */
export function jsonOrText(value: unknown): string {
  let text = '';
  attempt(() => {
    text = JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'bigint' ? String(inner) : inner,
    );
  });
  return text === '' ? messageOf(value) : text;
}

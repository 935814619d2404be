import { plain } from './json-text.js';

/**
 * Gives an object a `toJSON` for `JSON.stringify`: maps become objects, and numbers that JSON
 * cannot express (bigints, NaN, infinities) become texts, at any depth. Without it a map is `{}`,
 * NaN is null, and a bigint is a TypeError.
 *
 * The method is not enumerable: copies, comparisons and the type of the object stay as they are.
 */
export function jsonable<T extends object>(object: T): T {
  return Object.defineProperty(object, 'toJSON', { value: toJson, configurable: true, writable: true });
}

function toJson(this: object): unknown {
  return deepPlain(this);
}

function deepPlain(value: unknown): unknown {
  const flat = plain(value);
  if (typeof flat !== 'object' || flat === null) return flat;
  if (Array.isArray(flat)) return flat.map(deepPlain);
  // Not an assignment: that of `__proto__` would set the prototype.
  return Object.fromEntries(Object.entries(flat).map(([key, member]) => [key, deepPlain(member)]));
}

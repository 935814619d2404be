import { types } from 'node:util';

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
  return types.isMap(this) ? plainOf(this) : objectOf(Object.entries(this));
}

function plainOf(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plainOf);
  return objectOf(types.isMap(value) ? value : Object.entries(value));
}

// Not an assignment: that of `__proto__` would set the prototype.
const objectOf = (entries: Iterable<readonly [unknown, unknown]>): Readonly<Record<string, unknown>> =>
  Object.fromEntries([...entries].map(([key, value]) => [String(key), plainOf(value)] as const));

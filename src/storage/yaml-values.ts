import { types } from 'node:util';
import { ExpmanError } from '../model/errors.js';
import { cut } from '../model/printable.js';

/**
 * The deepest nesting of a written value; the guard that reads it back counts a few columns more.
 *
 * @bound refuses: INVALID_VALUE
 */
export const MAX_WRITTEN_DEPTH = 60;

/**
 * Checks that a value can be written as YAML and read back.
 *
 * @throws ExpmanError `INVALID_VALUE` for a cycle, a function, a symbol, a binary buffer, or a
 * value nested too deep.
 */
export function assertWritable(value: unknown): void {
  visit(value, '', new Set());
}

function visit(value: unknown, path: string, ancestors: Set<object>): void {
  if (typeof value === 'function' || typeof value === 'symbol') throw unwritable(path, `a ${typeof value}`);
  if (typeof value !== 'object' || value === null || types.isDate(value)) return;
  if (ancestors.has(value)) throw unwritable(path, 'a value that contains itself');
  if (ancestors.size >= MAX_WRITTEN_DEPTH) throw unwritable(path, `nested deeper than ${MAX_WRITTEN_DEPTH}`);
  ancestors.add(value);
  for (const [key, inner] of entriesOf(value)) visit(inner, path === '' ? key : `${path}.${key}`, ancestors);
  ancestors.delete(value);
}

function entriesOf(value: object): Iterable<readonly [string, unknown]> {
  if (Array.isArray(value)) return value.map((item: unknown, at) => [String(at), item] as const);
  if (types.isMap(value))
    return [...value].map(([key, inner]: [unknown, unknown]) => [nameOf(key), inner] as const);
  return Object.entries(value);
}

function nameOf(key: unknown): string {
  if (typeof key === 'string') return key;
  throw unwritable('', 'a map with keys that are not strings');
}

function unwritable(path: string, what: string): ExpmanError {
  const place = path === '' ? 'the value' : cut(path, 200);
  return new ExpmanError('INVALID_VALUE', `${place} cannot be written as YAML: ${what}`, {
    option: cut(path, 200),
  });
}

import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Asked } from './backend.js';
import { Refusal, invalidRequest } from './http-errors.js';

/**
 * Reads the query of the address by a schema. A name in `lists` becomes an array of all its values;
 * for other names the last value counts.
 */
export function queryAs<T extends TObject>(c: Asked, schema: T, lists: readonly string[] = []): Static<T> {
  const values = Object.entries(c.req.queries()).map(([key, all]) => {
    if (lists.includes(key)) return [key, all];
    const text = all.at(-1) ?? '';
    const isNumber = ['integer', 'number'].includes(String(schema.properties[key]?.['type']));
    // TypeBox's own conversion turns 1e9 into 1.
    return [key, isNumber && /^[-+.\de]+$/i.test(text) ? Number(text) : text];
  });
  return parsed(schema, Object.fromEntries(values));
}

/** Reads a JSON body by a schema. */
export async function bodyAs<T extends TSchema>(c: Asked, schema: T): Promise<Static<T>> {
  if (!/^application\/json *(?:;|$)/i.test(c.req.header('Content-Type') ?? ''))
    throw new Refusal(415, 'INVALID_REQUEST', 'the body must be application/json');
  let body: unknown;
  try {
    body = JSON.parse(await c.req.text());
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidRequest('the body is not valid JSON');
    throw error;
  }
  return parsed(schema, body);
}

/** Parses a comma-separated list of runs, `experiment/run`, each once; refuses more than `most`. */
export function runIds(runs: string, most: number): string[] {
  const ids = [...new Set(runs.split(',').filter((id) => id !== ''))];
  if (ids.length > most) throw invalidRequest(`runs may list at most ${most} runs; got ${ids.length}`);
  return ids;
}

function parsed<T extends TSchema>(schema: T, given: unknown): Static<T> {
  const value: unknown = Value.Default(schema, given);
  if (Value.Check(schema, value)) return value;
  const first = Value.Errors(schema, value).First();
  throw invalidRequest(`${first?.path.slice(1) ?? ''}: ${first?.message ?? 'not valid'}`);
}

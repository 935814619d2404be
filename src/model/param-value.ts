/** A value a parameter can take; nested objects are merged, everything else is replaced. */
export type ParamValue =
  null | boolean | number | bigint | string | readonly ParamValue[] | { readonly [key: string]: ParamValue };

/** The parameters of a run: plain objects without a prototype, at most `MAX_PARAM_DEPTH` deep. */
export interface Params {
  readonly [key: string]: ParamValue;
}

/**
 * The deepest nesting of parameters; the values of the outermost object are at depth 1.
 *
 * @bound tells: run.log says which parameter, and invalid counts it; specs/model/params.spec.ts "end at a depth of 32"
 */
export const MAX_PARAM_DEPTH = 32;

/**
 * The largest integer kept, in bits; a longer decimal text takes quadratic time to read and write.
 *
 * @bound tells: run.log says which parameter, and invalid counts it; specs/model/params.spec.ts "leave out and report what cannot be written down"
 */
export const MAX_PARAM_BITS = 4096;

const POLLUTING: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor']);

/** Tells if a key could reach a prototype when a careless merge assigns it. */
export function isPolluting(key: string): boolean {
  return POLLUTING.has(key);
}

/** Tells if a parameter is a group of named parameters. */
export function isParamGroup(value: ParamValue | undefined): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Lists parameters by their dotted paths; an empty group is a value, too.
 *
 * If two paths would be equal, as in `{ 'lr.decay': 1, lr: { decay: 2 } }`, a name that contains a
 * dot is quoted, as in filters: `"lr.decay"` is 1, `lr.decay` is 2.
 */
export function* paramLeaves(params: Params): Generator<[string, ParamValue], void> {
  const leaves = [...leavesBelow(params, [])].map(([path, value]) => ({
    path,
    dotted: path.join('.'),
    value,
  }));
  const seen = new Set<string>();
  const twice = new Set(leaves.flatMap(({ dotted }) => (seen.size < seen.add(dotted).size ? [] : [dotted])));
  for (const { path, dotted, value } of leaves)
    yield [twice.has(dotted) ? path.map(quotedPart).join('.') : dotted, value];
}

function* leavesBelow(
  params: Params,
  above: readonly string[],
): Generator<[readonly string[], ParamValue], void> {
  for (const [key, value] of Object.entries(params))
    if (isParamGroup(value) && Object.keys(value).length > 0) yield* leavesBelow(value, [...above, key]);
    else yield [[...above, key], value];
}

const quotedPart = (name: string): string =>
  name === '' || /[."]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;

/** Makes an object without a prototype from entries, so that no key has a special meaning. */
export function bareObject<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  const bare: Record<string, T> = {};
  Object.setPrototypeOf(bare, null);
  for (const [key, value] of entries) bare[key] = value;
  return bare;
}

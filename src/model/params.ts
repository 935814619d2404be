import { bareObject, isParamGroup, isPolluting, type Params, type ParamValue } from './param-value.js';

export type { Params, ParamValue } from './param-value.js';
export { decodeParams, encodeParams } from './params-text.js';
export { plainParams, sanitiseParams } from './sanitise-params.js';

/**
 * Merges the parameters of `update` into those of `base`; neither is changed.
 *
 * Nested objects are merged key by key, arrays and all other values are replaced, and a key of
 * `base` keeps its place.
 *
 * @example
 * mergeParams({ optimizer: { name: 'Adam', lr: 1e-3 } }, { optimizer: { lr: 1e-4 } });
 * // { optimizer: { name: 'Adam', lr: 1e-4 } }
 */
export function mergeParams(base: Params, update: Params): Params {
  const merged = new Map<string, ParamValue>();
  for (const [key, value] of Object.entries(base)) {
    if (!isPolluting(key)) merged.set(key, copyOf(value));
  }
  for (const [key, value] of Object.entries(update)) {
    if (isPolluting(key)) continue;
    const old = merged.get(key);
    merged.set(key, isParamGroup(old) && isParamGroup(value) ? mergeParams(old, value) : copyOf(value));
  }
  return bareObject(merged);
}

function copyOf(value: ParamValue): ParamValue {
  if (isArray(value)) return value.map(copyOf);
  return isParamGroup(value) ? mergeParams({}, value) : value;
}

// Array.isArray does not narrow a readonly array.
function isArray(value: ParamValue): value is readonly ParamValue[] {
  return Array.isArray(value);
}

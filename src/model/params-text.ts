import { describeType, ExpmanError } from './errors.js';
import {
  bareObject,
  isPolluting,
  MAX_PARAM_BITS,
  MAX_PARAM_DEPTH,
  type Params,
  type ParamValue,
} from './param-value.js';
import { cut } from './printable.js';

/** @bound refuses: CORRUPT, with the length */
const MAX_TEXT = 16 * 1024 * 1024;
/** @bound refuses: CORRUPT, with the tag */
const MAX_DIGITS = Math.ceil(MAX_PARAM_BITS * Math.log10(2)) + 1;

/**
 * Parameters as JSON text that {@link decodeParams} turns back into the same values, NaN,
 * infinities, -0 and bigint included.
 *
 * A value that JSON cannot express becomes an object with one `$` key (`{"$number":"NaN"}`,
 * `{"$bigint":"12"}`); a user's key that begins with `$` gets one more, so that nothing a user logs
 * is read as a tag.
 */
export function encodeParams(params: Params): string {
  return JSON.stringify(tagged(params));
}

/**
 * Reads the parameters that {@link encodeParams} wrote.
 *
 * @throws ExpmanError `CORRUPT` if the text is too large, too deep or not of that form.
 */
export function decodeParams(text: string): Params {
  if (text.length > MAX_TEXT) throw corrupt(`text of ${text.length} characters`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw corrupt('not valid JSON', cause);
  }
  if (!isRecord(parsed) || tagOf(parsed) !== null) throw corrupt(describeType(parsed));
  return decodeGroup(parsed, 0);
}

/** A value of parsed JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Converts a value to one that JSON can express, as {@link encodeParams} writes it. */
export function tagged(value: ParamValue): Json {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value === 'number') return isPlainNumber(value) ? value : { $number: numberText(value) };
  if (value === null || typeof value !== 'object') return value;
  if (isParamArray(value)) return value.map(tagged);
  return bareObject(
    Object.entries(value).map(([key, inner]) => [key.startsWith('$') ? `$${key}` : key, tagged(inner)]),
  );
}

function decode(value: unknown, depth: number): ParamValue {
  if (depth > MAX_PARAM_DEPTH) throw corrupt(`nested deeper than ${MAX_PARAM_DEPTH}`);
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (Array.isArray(value)) return value.map((item: unknown) => decode(item, depth + 1));
  if (!isRecord(value)) throw corrupt(describeType(value));
  const tag = tagOf(value);
  return tag === null ? decodeGroup(value, depth) : untag(tag, value[tag]);
}

function decodeGroup(record: Readonly<Record<string, unknown>>, depth: number): Params {
  const entries = Object.entries(record).filter(([key]) => !isPolluting(key));
  return bareObject(
    entries.map(([key, value]) => [key.startsWith('$') ? key.slice(1) : key, decode(value, depth + 1)]),
  );
}

function tagOf(record: Readonly<Record<string, unknown>>): string | null {
  return Object.keys(record).find((key) => key.startsWith('$') && !key.startsWith('$$')) ?? null;
}

function untag(tag: string, text: unknown): number | bigint {
  if (tag === '$number' && typeof text === 'string' && /^(?:-0|NaN|-?Infinity)$/.test(text))
    return Number(text);
  if (
    tag === '$bigint' &&
    typeof text === 'string' &&
    text.length <= MAX_DIGITS + 1 &&
    /^-?[0-9]+$/.test(text)
  )
    return BigInt(text);
  throw corrupt(`unknown tag or value at ${cut(tag, 40)}`);
}

function isPlainNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function isParamArray(value: ParamValue): value is readonly ParamValue[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(what: string, cause?: unknown): ExpmanError {
  return new ExpmanError('CORRUPT', `parameters cannot be read: ${what}`, { cause });
}

import { types } from 'node:util';
import { describeType } from '../model/errors.js';
import type { MetricValue } from '../model/metric.js';
import { isInt64 } from '../model/step.js';
import { ValueKind } from './chunk-layout.js';

/** @bound refuses: INVALID_VALUE, the value is counted and run.log says why */
const MAX_STRING_BYTES = 16 * 1024 * 1024;

/** A value of a row on its way into the channel. */
export interface Entry {
  /** The metric's name as spelled by the caller. */
  readonly metric: string;
  /** The metric's number. */
  readonly id: number;
  readonly kind: ValueKind;
  readonly value: MetricValue;
}

/** An entry read from a caller's row; its getter may have thrown. */
export interface ReadEntry {
  readonly key: string;
  readonly value: unknown;
  readonly failure: { readonly error: unknown } | null;
}

/**
 * Returns a metric's value: the one read before, or the row's current one. Throws the error of its
 * getter.
 */
export function valueOf(
  values: Readonly<Record<string, unknown>>,
  metric: string,
  before?: ReadEntry,
): unknown {
  if (before?.key !== metric) return values[metric];
  if (before.failure !== null) throw before.failure.error;
  return before.value;
}

/** Copies a row's own entries to a new object; null if a getter throws. */
export function copyOf(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | null {
  try {
    return { ...values };
  } catch {
    return null; // The slow path finds out which.
  }
}

/** Tells if a row is a list or a map, which does not have a metric for each key. */
export function isCollection(values: object): boolean {
  try {
    return Array.isArray(values) || ArrayBuffer.isView(values) || types.isMap(values) || types.isSet(values);
  } catch {
    return false; // A Proxy, revoked or with traps that throw; `keysOf` reads what it can.
  }
}

/** A row's own keys. */
export function keysOf(values: Readonly<Record<string, unknown>>): string[] {
  try {
    return Object.keys(values);
  } catch {
    return []; // A Proxy whose traps throw: the row is kept, without values.
  }
}

/** Returns the encoding of a value; undefined for one that cannot be logged. */
export function kindOf(value: unknown): ValueKind | undefined {
  switch (typeof value) {
    case 'number':
      return ValueKind.number;
    case 'boolean':
      return ValueKind.boolean;
    case 'bigint':
      return isInt64(value) ? ValueKind.bigint : undefined;
    case 'string':
      return value.length <= MAX_STRING_BYTES / 3 || Buffer.byteLength(value) <= MAX_STRING_BYTES
        ? ValueKind.string
        : undefined;
    default:
      return undefined;
  }
}

/** Returns the reason why a value cannot be logged. */
export function reasonFor(value: unknown): string {
  if (typeof value === 'bigint') return 'a bigint must fit into 64 bits';
  if (typeof value === 'string') return `a string may have at most ${MAX_STRING_BYTES} bytes`;
  return `a value must be a number, bigint, boolean or string, not ${describeType(value)}`;
}

/** Escapes the lone surrogates of a name: as U+FFFD, two names could become one. */
export const wellFormed = (name: string): string =>
  name.replace(/[\ud800-\udfff]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);

/** The texts as UTF-8, with lone surrogates visibly replaced by U+FFFD. */
export function encodeStrings(entries: readonly Entry[]): Buffer[] {
  return entries.flatMap(({ value }) => (typeof value === 'string' ? [Buffer.from(value, 'utf8')] : []));
}

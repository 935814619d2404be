import { inspect, types } from 'node:util';
import {
  bareObject,
  isPolluting,
  MAX_PARAM_BITS,
  MAX_PARAM_DEPTH,
  type Params,
  type ParamValue,
} from './param-value.js';
import { plainInteger } from './plain-integer.js';
import { cut } from './printable.js';
import { isError, isUrl } from './realms.js';
import { isValueOf, redactAt, redactText } from './redact-text.js';
import { isSecretNumber, NAMELESS, type NameScope, REDACTED, scopeOf, subjectOf } from './secret-names.js';

/** A rejected parameter. */
export interface RejectedParam {
  /** Its path, for example `optimizer.schedule[3]`; '' for the whole input. */
  readonly path: string;
  /** The reason, in words. */
  readonly reason: string;
}

/** The result of {@link sanitiseParams}. */
export interface SanitisedParams {
  readonly params: Params;
  /** At most 100; `droppedCount` counts all. */
  readonly rejected: readonly RejectedParam[];
  /** The number of values left out. */
  readonly droppedCount: number;
}

/**
 * The most that one call may hold: characters, and 8 for each value; keeps config.yaml readable and
 * the call fast.
 *
 * @bound tells: run.log says where the cut is, and invalid counts it; specs/model/params.spec.ts "are bounded in size, and say where they were cut"
 */
export const MAX_PARAM_SIZE = 512 * 1024;

/** @bound tells: run.log says how many more; specs/engine/warnings.spec.ts "is a parameter among more than are told one by one, and all are counted" */
const MAX_REJECTED = 100;

/**
 * Makes a plain deep copy of any value given as parameters; never throws and never changes it.
 *
 * Dates become ISO strings, Maps objects, Sets and typed arrays arrays, class instances their own
 * fields, errors, URLs and regular expressions their text; `undefined` is left out. Values that
 * cannot be kept (functions, symbols, cycles, values deeper than 32, keys that reach a prototype,
 * getters that throw, everything beyond the size limit) are left out and reported; inside an array,
 * null keeps the place. Texts below a secret name, and recognisable secrets in a text, are replaced
 * by `[redacted]`.
 */
export function sanitiseParams(input: unknown): SanitisedParams {
  return new Copier(true).copy(input);
}

/**
 * The same without redaction, for facts made of values that were already redacted: a `model.key`
 * there may be an artifact.
 */
export function plainParams(input: unknown): Params {
  return new Copier(false).copy(input).params;
}

/**
 * A copied value, or the reason why it is not kept; null for `undefined`, which is left out
 * silently.
 */
type Outcome = { readonly kept: ParamValue } | { readonly reason: string | null };

class Copier {
  readonly #rejected: RejectedParam[] = [];
  readonly #ancestors = new Set<object>();
  #droppedCount = 0;
  #room = MAX_PARAM_SIZE;
  #scope: NameScope = NAMELESS;

  constructor(private readonly redacts: boolean) {}

  copy(input: unknown): SanitisedParams {
    const params = this.#root(input);
    return { params, rejected: this.#rejected, droppedCount: this.#droppedCount };
  }

  #root(input: unknown): Params {
    try {
      if (typeof input === 'object' && input !== null && !isListLike(input) && ownText(input) === null) {
        this.#ancestors.add(input);
        return this.#group(input, '', 1);
      }
      if (input !== undefined) this.#reject('', 'is not an object of named parameters');
    } catch (error) {
      this.#reject('', reasonOf(error));
    }
    return bareObject([]);
  }

  #outcome(value: unknown, path: string, depth: number): Outcome {
    try {
      return this.#copyOf(value, path, depth);
    } catch (error) {
      return { reason: reasonOf(error) };
    }
  }

  #copyOf(value: unknown, path: string, depth: number): Outcome {
    if (!this.#take(typeof value === 'string' ? value.length + 8 : 8))
      return { reason: 'exceeds the size limit' };
    if (typeof value === 'string') return { kept: this.redacts ? redactAt(value, this.#scope) : value };
    if (value === null || typeof value === 'boolean' || typeof value === 'number') return { kept: value };
    if (value === undefined) return { reason: null };
    if (typeof value === 'bigint') {
      const fits = BigInt.asIntN(MAX_PARAM_BITS, value) === value;
      return fits
        ? { kept: plainInteger(value) }
        : { reason: `is an integer of more than ${MAX_PARAM_BITS} bits` };
    }
    if (typeof value !== 'object') return { reason: `is a ${typeof value}` };
    if (types.isBoxedPrimitive(value)) return this.#copyOf(unboxed(value), path, depth);
    const text = ownText(value);
    if (text !== null) return this.#copyOf(text, path, depth);
    return this.#nested(value, path, depth);
  }

  #nested(value: object, path: string, depth: number): Outcome {
    if (types.isAnyArrayBuffer(value) || types.isDataView(value)) return { reason: 'is binary data' };
    if (types.isDate(value)) return { reason: 'is an invalid date' };
    if (this.#ancestors.has(value)) return { reason: 'contains itself' };
    if (depth >= MAX_PARAM_DEPTH) return { reason: `is nested deeper than ${MAX_PARAM_DEPTH}` };
    this.#ancestors.add(value);
    try {
      return {
        kept: isListLike(value) ? this.#list(value, path, depth + 1) : this.#group(value, path, depth + 1),
      };
    } finally {
      this.#ancestors.delete(value);
    }
  }

  #list(list: ListLike, path: string, depth: number): ParamValue[] {
    const copy: ParamValue[] = [];
    let before: unknown;
    for (const item of list) {
      const place = `${path}[${copy.length}]`;
      // A list may be a command line.
      const isSecret = this.redacts && isValueOf(before, item);
      const outcome = this.#outcome(isSecret ? REDACTED : item, place, depth);
      before = item;
      if (this.#room <= 0) {
        this.#reject(place, 'and the values after it exceed the size limit');
        break;
      }
      copy.push('kept' in outcome ? outcome.kept : null);
      if ('reason' in outcome && outcome.reason !== null) this.#reject(place, outcome.reason);
    }
    return copy;
  }

  #group(group: object, path: string, depth: number): Params {
    const entries: (readonly [string, ParamValue])[] = [];
    const subject = this.redacts ? subjectOf(group) : null;
    for (const [name, read] of membersOf(group)) {
      const place = path === '' ? name : `${path}.${name}`;
      const outcome = this.#member(name, read, place, depth, subject);
      if ('kept' in outcome) entries.push([this.redacts ? redactText(name) : name, outcome.kept]);
      else if (outcome.reason !== null) this.#reject(place, outcome.reason);
      if (this.#room <= 0) break;
    }
    return bareObject(entries);
  }

  #member(name: string, read: () => unknown, place: string, depth: number, subject: string | null): Outcome {
    if (!this.#take(name.length + 1)) return { reason: 'and the values after it exceed the size limit' };
    if (isPolluting(name)) return { reason: 'is a name that could reach a prototype' };
    const outer = this.#scope;
    try {
      const value = read();
      if (this.redacts) this.#scope = scopeOf(name, outer, subject);
      const isSecret = this.redacts && isSecretNumber(name, value);
      return this.#outcome(isSecret ? REDACTED : value, place, depth);
    } catch (error) {
      return { reason: reasonOf(error) };
    } finally {
      this.#scope = outer;
    }
  }

  #take(size: number): boolean {
    this.#room -= size;
    return this.#room > 0;
  }

  #reject(path: string, reason: string): void {
    this.#droppedCount++;
    if (this.#rejected.length < MAX_REJECTED) this.#rejected.push({ path: cut(path, 256), reason });
  }
}

type ListLike = readonly unknown[] | ReadonlySet<unknown> | NodeJS.TypedArray;

function isListLike(value: object): value is ListLike {
  return Array.isArray(value) || types.isSet(value) || types.isTypedArray(value);
}

function* membersOf(group: object): Generator<readonly [string, () => unknown]> {
  if (types.isMap(group)) {
    for (const [key, value] of group) yield [keyText(key), () => value];
  } else {
    for (const key of Object.keys(group)) yield [key, (): unknown => Reflect.get(group, key)];
  }
}

function keyText(key: unknown): string {
  return typeof key === 'string' ? key : cut(inspect(key, { depth: 0, customInspect: false }), 256);
}

/** The number, text, boolean, bigint or symbol in a boxed primitive of any realm. */
function unboxed(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  return types.isBigIntObject(value)
    ? BigInt.prototype.valueOf.call(value)
    : Symbol.prototype.valueOf.call(value);
}

/** The text of a value that is best expressed as text; null for any other. */
function ownText(value: object): string | null {
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (isError(value) || types.isRegExp(value) || isUrl(value)) return String(value);
  return null;
}

function reasonOf(error: unknown): string {
  try {
    return `cannot be read: ${cut(String(error), 200)}`;
  } catch {
    return 'cannot be read';
  }
}

import { types } from 'node:util';
import { messageOf } from '../model/errors.js';
import { cut as cutText } from '../model/printable.js';
import { isError } from '../model/realms.js';
import { isValueOf, redactAt, redactText } from '../model/redact-text.js';
import {
  NAMELESS,
  type NameScope,
  REDACTED,
  isSecretNumber,
  scopeOf,
  subjectOf,
} from '../model/secret-names.js';
import { isRecord } from '../model/stored-values.js';

/** A parsed line of a run log. */
export interface LogLine {
  readonly timestampMs: number;
  /** The level in lower case. */
  readonly level: string;
  readonly message: string;
  /** The meta data beside the message; empty if there is none. */
  readonly meta: Readonly<Record<string, unknown>>;
}

/**
 * The longest line, in characters and without its newline.
 *
 * @bound tells: the line says how many characters are missing; specs/run/log-line.spec.ts "counts what is cut off"
 */
export const MAX_LINE_LENGTH = 64 * 1024;

/** @bound tells: the line has [Object] or [Array] in their place; specs/run/log-line.spec.ts "is cut in depth" */
const MAX_DEPTH = 16;
const LEVEL_WIDTH = 5;
// The room for closing every bracket of a cut value, with a marker at every depth.
const CLOSING_ROOM = 2048;
const MARKER_ROOM = 48;

/**
 * Formats a message as one line of `run.log`: `2026-01-01T12:00:00.000Z INFO  message {"epoch":3}`
 * and a newline.
 *
 * Never throws, whatever the arguments. Texts below a secret name of the meta, and recognisable
 * secrets in a text, are redacted by {@link redactAt}. Control characters, line separators and
 * direction marks are escaped as in JSON, and so is the backslash, so that a message cannot fake a
 * line and {@link parseLogLine} returns the original. A text that is too long is cut and marked:
 * `…[truncated 123 characters]`.
 */
export function formatLogLine(
  level: string,
  message: unknown,
  meta: object | null | undefined,
  timestampMs: number,
): string {
  const head = `${isoTime(timestampMs)} ${levelText(level)} `;
  const room = MAX_LINE_LENGTH - head.length;
  const beside = metaText(meta ?? {}, Math.floor(room / 2));
  const said = cut(redactText(valueText(message)), room - beside.length - 1, escapeText);
  // A message that ends like meta is followed by an empty meta to distinguish it.
  return beside === '{}' && splitMeta(said) === undefined ? `${head}${said}\n` : `${head}${said} ${beside}\n`;
}

const LINE = /^((?:[+-]\d\d)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([A-Z0-9_.-]+)( *)/;

/**
 * Parses a line of {@link formatLogLine}, with or without the newline; undefined for any other
 * line.
 */
export function parseLogLine(line: string): LogLine | undefined {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line;
  const [whole, time, level, gap] = LINE.exec(text) ?? [];
  if (whole === undefined || time === undefined || level === undefined || gap === undefined) return undefined;
  const timestampMs = Date.parse(time);
  const gapLength = Math.max(LEVEL_WIDTH - level.length, 0) + 1;
  if (Number.isNaN(timestampMs) || gap.length < gapLength || text.includes('\n')) return undefined;
  const rest = text.slice(whole.length - gap.length + gapLength);
  const { said, meta } = splitMeta(rest) ?? { said: rest, meta: {} };
  return { timestampMs, level: level.toLowerCase(), message: unescapeText(said), meta };
}

/**
 * Formats a value for a log message: a string as it is, anything else as in meta, without quotes
 * around it.
 */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return 'undefined';
  const text = new Json(MAX_LINE_LENGTH).of(value);
  return text.startsWith('"') ? String(JSON.parse(text)) : text;
}

function isoTime(timestampMs: number): string {
  const time = new Date(timestampMs);
  return (Number.isNaN(time.getTime()) ? new Date(0) : time).toISOString();
}

function levelText(level: unknown): string {
  // @bound loses nothing: a level is a word, and winston has none that is as long
  const word = typeof level === 'string' ? level.slice(0, 32).replace(/[^A-Za-z0-9_.-]/g, '_') : '';
  return (word === '' ? 'info' : word).toUpperCase().padEnd(LEVEL_WIDTH);
}

function metaText(meta: object, room: number): string {
  const text = new Json(room - CLOSING_ROOM).of(meta);
  return text.startsWith('{') ? text : `{"meta":${text}}`;
}

/**
 * Splits a message from its meta, from the end in one pass: a hostile line costs no more than any
 * other.
 */
function splitMeta(
  text: string,
): { readonly said: string; readonly meta: Readonly<Record<string, unknown>> } | undefined {
  const at = lastObjectStart(text);
  if (at < 1 || text[at - 1] !== ' ') return undefined;
  try {
    const meta: unknown = JSON.parse(text.slice(at));
    return isRecord(meta) ? { said: text.slice(0, at - 1), meta } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The index of the bracket that opens the object at the end of a text, skipping strings; -1 if
 * there is none.
 */
function lastObjectStart(text: string): number {
  if (!text.endsWith('}')) return -1;
  let depth = 0;
  let quoted = false;
  for (let at = text.length - 1; at >= 0; at--) {
    const char = text[at];
    if (char === '"' && !isEscaped(text, at)) quoted = !quoted;
    if (quoted) continue;
    if (char === '}') depth++;
    if (char === '{' && --depth === 0) return at;
  }
  return -1;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes++;
  return slashes % 2 === 1;
}

// Control characters, lone surrogates, line and paragraph separators, and marks that change the
// text direction.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const ESCAPED = /\\(?:([\\nrt])|u([0-9a-f]{4}))/g;
const SHORT: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
const LONG: ReadonlyMap<string, string> = new Map([...SHORT].map(([char, short]) => [short.slice(1), char]));

// Most texts are plain: one quick check saves the two slow ones.
const PLAIN = /^[ !#-[\]-~]*$/;

function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll('\\', '\\\\').replace(UNPRINTABLE, (char) => SHORT.get(char) ?? hexEscape(char));
}

function unescapeText(text: string): string {
  return text.replace(ESCAPED, (_, short: string | undefined, hex: string | undefined) =>
    hex === undefined ? (LONG.get(short ?? '') ?? '\\') : String.fromCharCode(parseInt(hex, 16)),
  );
}

function hexEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Escapes a text to at most `room` characters; the rest is cut off and counted. */
function cut(text: string, room: number, escape: (text: string) => string): string {
  if (text.length <= room) {
    const whole = escape(text);
    if (whole.length <= room) return whole;
  }
  const limit = Math.max(room - MARKER_ROOM, 0);
  let length = Math.min(limit, text.length);
  let kept = escape(text.slice(0, length));
  while (kept.length > limit) {
    length = Math.floor((length * limit) / kept.length);
    kept = escape(text.slice(0, length));
  }
  return `${kept}…[truncated ${text.length - length} characters]`;
}

function jsonInner(text: string): string {
  if (PLAIN.test(text)) return text;
  return JSON.stringify(text).slice(1, -1).replace(UNPRINTABLE, hexEscape);
}

/** Writes any value as compact JSON, up to a bound in characters. */
class Json {
  readonly #ancestors = new Set<object>();
  #scope: NameScope = NAMELESS;

  constructor(private room: number) {}

  /** Never throws; for a value that throws, the reason is written. */
  of(value: unknown): string {
    try {
      return this.#plain(value);
    } catch (error) {
      return this.#string(thrown(error));
    }
  }

  #plain(value: unknown): string {
    if (typeof value === 'string') return this.#string(redactAt(value, this.#scope));
    if (typeof value === 'bigint')
      return this.#string(BigInt.asIntN(4096, value) === value ? String(value) : '[bigint]');
    if (typeof value === 'function') return this.#string(`[Function ${value.name}]`);
    if (typeof value === 'symbol') return this.#string(String(value));
    if (typeof value === 'object' && value !== null) return this.#object(value);
    if (typeof value === 'number' && !Number.isFinite(value)) return this.#string(String(value));
    const text = Object.is(value, -0) ? '-0' : JSON.stringify(value ?? null);
    this.room -= text.length + 1;
    return text;
  }

  #string(text: string): string {
    const inner = cut(text, this.room, jsonInner);
    this.room -= inner.length + 3;
    return `"${inner}"`;
  }

  #object(value: object): string {
    if (this.#ancestors.has(value)) return this.#string('[Circular]');
    if (this.#ancestors.size >= MAX_DEPTH) return this.#string(Array.isArray(value) ? '[Array]' : '[Object]');
    this.#ancestors.add(value);
    this.room -= 3;
    try {
      return this.#nested(value);
    } finally {
      this.#ancestors.delete(value);
    }
  }

  #nested(value: object): string {
    if (Array.isArray(value) || types.isTypedArray(value)) return this.#list(value, value.length);
    if (types.isSet(value)) return this.#list(value, value.size);
    if (types.isMap(value)) return this.#group(value, value.size);
    if (types.isDate(value))
      return this.#string(Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString());
    if (types.isRegExp(value)) return this.#string(String(value));
    if (types.isAnyArrayBuffer(value) || types.isDataView(value))
      return this.#string(`[${value.byteLength} bytes]`);
    if (isError(value)) return this.#members(value, ['name', 'message', 'stack', 'cause', 'errors']);
    const toJson: unknown = Reflect.get(value, 'toJSON');
    const stand: unknown = typeof toJson === 'function' ? Reflect.apply(toJson, value, ['']) : value;
    return stand === value ? this.#members(value, []) : this.#plain(stand);
  }

  #members(value: object, hidden: readonly string[]): string {
    const keys = [...new Set([...hidden, ...Object.keys(value)])];
    const read = function* (): Generator<readonly [string, unknown]> {
      for (const key of keys) yield [key, memberOf(value, key)];
    };
    return this.#group(read(), keys.length, subjectOf(value));
  }

  #member(name: string, value: unknown, subject: string | null): string {
    const outer = this.#scope;
    const start = `${this.#string(redactText(name))}:`;
    this.#scope = scopeOf(name, outer, subject);
    const text = start + this.of(isSecretNumber(name, value) ? REDACTED : value);
    this.#scope = outer;
    return text;
  }

  #list(items: Iterable<unknown>, count: number): string {
    const parts: string[] = [];
    let before: unknown;
    for (const item of items) {
      if (this.room <= 0) {
        parts.push(`"…[truncated ${count - parts.length} items]"`);
        break;
      }
      parts.push(this.of(isValueOf(before, item) ? REDACTED : item));
      before = item;
    }
    return `[${parts.join(',')}]`;
  }

  #group(
    entries: Iterable<readonly [unknown, unknown]>,
    count: number,
    subject: string | null = null,
  ): string {
    const parts: string[] = [];
    let seen = 0;
    for (const [key, value] of entries) {
      if (this.room <= 0) {
        parts.push(`"…":"[truncated ${count - seen} keys]"`);
        break;
      }
      seen++;
      if (value !== undefined) parts.push(this.#member(valueText(key), value, subject));
    }
    return `{${parts.join(',')}}`;
  }
}

function memberOf(value: object, key: string): unknown {
  try {
    return Reflect.get(value, key);
  } catch (error) {
    return thrown(error);
  }
}

function thrown(error: unknown): string {
  try {
    return `[Thrown: ${cutText(messageOf(error), 200)}]`;
  } catch {
    return '[Thrown]';
  }
}

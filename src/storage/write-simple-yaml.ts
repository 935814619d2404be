import { types } from 'node:util';

/**
 * Text that needs no quotes: it begins with a letter, is not a word with a special meaning in YAML
 * 1.1 or 1.2, and contains no structure.
 */
const PLAIN = /^[A-Za-z](?:[A-Za-z0-9_./@+()-]|[ ,](?=[A-Za-z0-9_./@+()-])){0,500}$/;
const WORDS = /^(?:y|yes|n|no|true|false|on|off|null|nan|inf|e[0-9]+)$/i;
/**
 * Text whose JSON form is valid YAML in double quotes: without a line break or a character that a
 * terminal or an older reader obeys.
 */
const QUOTABLE = /^[\t -~\u00a1-\u060f\u2030-\u205f\u3000-\ud7ff]{0,4000}$/;
/** @bound loses nothing: a longer key is written by the yaml package */
const MAX_KEY = 200;

/** Thrown for a value that is not of the simple kind; the yaml package then writes it. */
const NOT_SIMPLE = new Error('not the simple kind of value');

/**
 * Writes a value of the simple kind as YAML, one value per line: mappings and lists of numbers,
 * single lines, booleans and null. Null for any other value.
 *
 * The `yaml` package takes 25 ms to load and 3 ms for a `run.yaml`, both while a run is being
 * opened; nearly every `run.yaml` is of this kind. The package reads this text back as the same
 * value, and so does a reader of YAML 1.1.
 *
 * @param value - without cycles, as `assertWritable` takes it
 */
export function writeSimpleYaml(value: unknown): string | null {
  try {
    const lines = blockOf(value);
    return lines === null ? null : lines.map((line) => `${line}\n`).join('');
  } catch (error) {
    if (error === NOT_SIMPLE) return null;
    throw error;
  }
}

/** The lines of a list or a mapping with entries; null for a value on one line. */
function blockOf(value: unknown): string[] | null {
  if (Array.isArray(value)) return value.length === 0 ? null : value.flatMap(itemOf);
  const entries = entriesOf(value);
  return entries === null || entries.length === 0 ? null : entries.flatMap(entryOf);
}

function itemOf(item: unknown): string[] {
  const block = blockOf(item);
  if (block === null) return [`- ${scalarOf(item)}`];
  return block.map((line, index) => `${index === 0 ? '-' : ' '} ${line}`);
}

function entryOf([key, value]: readonly [string, unknown]): string[] {
  if (key.length > MAX_KEY || key === '__proto__') throw NOT_SIMPLE;
  const block = blockOf(value);
  if (block === null) return [`${textOf(key)}: ${scalarOf(value)}`];
  return [`${textOf(key)}:`, ...block.map((line) => `  ${line}`)];
}

/** The entries of a plain mapping; null for anything else. */
function entriesOf(value: unknown): (readonly [string, unknown])[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (types.isMap(value)) return [...(value as Map<string, unknown>)].filter(isThere);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ? Object.entries(value).filter(isThere) : null;
}

const isThere = ([, value]: readonly [string, unknown]): boolean => value !== undefined;

function scalarOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return yamlNumber(value);
    case 'string':
      return textOf(value);
    default:
      if (Array.isArray(value)) return '[]';
      if (entriesOf(value) === null) throw NOT_SIMPLE;
      return '{}';
  }
}

/** Writes a number; in YAML 1.1 an exponent needs a point before it and a sign after it. */
export function yamlNumber(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  if (!text.includes('e') && (!Number.isInteger(value) || Number.isSafeInteger(value))) return text;
  return value.toExponential().replace(/^(-?\d)e/, '$1.0e');
}

function textOf(text: string): string {
  if (PLAIN.test(text) && !WORDS.test(text)) return text;
  if (!QUOTABLE.test(text)) throw NOT_SIMPLE;
  return JSON.stringify(text);
}

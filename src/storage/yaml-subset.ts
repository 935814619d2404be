/**
 * The deepest nesting that is read here; text that we write is not deeper.
 *
 * @bound loses nothing: deeper text is read by the yaml package
 */
const MAX_DEPTH = 40;
const SPECIAL: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...['null', 'Null', 'NULL', '~'].map((text) => [text, null] as const),
  ...['true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['false', 'False', 'FALSE'].map((text) => [text, false] as const),
  ...['.nan', '.NaN', '.NAN'].map((text) => [text, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((text) => [text, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((text) => [text, -Infinity] as const),
  ['[]', []],
  ['{}', {}],
]);
const INTEGER = /^[-+]?[0-9]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)$/;
const OTHER_BASE = /^0[ox]/;
/**
 * Text without a special meaning: it does not begin with a YAML indicator, and contains neither
 * `: ` nor ` #`.
 */
const PLAIN = /^-?[A-Za-z0-9_./+][ -~\u00a1-\u1fff\u2030-\ud7ff]*$/;
const NOT_PLAIN = /: | #|[: ]$/;
/** Lines whose meaning is more than their indentation and text. */
const NOT_SIMPLE_LINES = /[\t\r]| $|^(?:---|\.\.\.)/m;
/** A key, quoted or not, and the colon after it; YAML limits it to 1,024 characters. */
const KEY =
  /^(?:("(?:[^"\\]|\\.){0,500}")|('(?:[^']|''){0,500}')|([^\s"'#:{}[\],&*!|>%@`?-][^:#]{0,1000})):(?: |$)/;

/** Thrown for text outside the subset; the full YAML parser then reads it. */
const NOT_SIMPLE = new Error('not the simple kind of YAML');

/**
 * Reads YAML of the simple kind that we write ourselves: nested block mappings and lists, one value
 * per line. Null for any other text, even if it is valid.
 *
 * The `yaml` package takes 3 ms for a `run.yaml`, half a minute for a thousand runs and their
 * parameters; this takes a hundredth of that. It returns the same values as the package.
 */
export function readSimpleYaml(text: string): unknown {
  try {
    const reader = new SimpleReader(linesOf(text));
    return reader.document();
  } catch (error) {
    if (error === NOT_SIMPLE) return null;
    throw error;
  }
}

interface Line {
  readonly indent: number;
  readonly text: string;
}

function linesOf(text: string): Line[] {
  if (NOT_SIMPLE_LINES.test(text)) throw NOT_SIMPLE;
  const lines: Line[] = [];
  for (const raw of text.split('\n')) {
    // Only spaces indent; other white space is text.
    const indent = raw.search(/[^ ]/);
    if (indent < 0 || raw.startsWith('#')) continue;
    lines.push({ indent, text: raw.slice(indent) });
  }
  return lines;
}

class SimpleReader {
  private at = 0;

  constructor(private readonly lines: Line[]) {}

  document(): unknown {
    const [first] = this.lines;
    if (first?.indent !== 0) throw NOT_SIMPLE;
    const value = this.block(0, 0);
    if (this.at < this.lines.length) throw NOT_SIMPLE;
    return value;
  }

  private block(indent: number, depth: number): unknown {
    if (depth > MAX_DEPTH) throw NOT_SIMPLE;
    return isItem(this.lines[this.at]?.text ?? '') ? this.list(indent, depth) : this.mapping(indent, depth);
  }

  private mapping(indent: number, depth: number): Record<string, unknown> {
    const mapping: Record<string, unknown> = {};
    for (;;) {
      const line = this.lines[this.at];
      if (line === undefined || line.indent < indent) return mapping;
      const [head] = KEY.exec(line.text) ?? [];
      if (line.indent > indent || head === undefined || isItem(line.text)) throw NOT_SIMPLE;
      const key = keyOf(head);
      if (Object.hasOwn(mapping, key)) throw NOT_SIMPLE;
      this.at++;
      mapping[key] = this.value(line.text.slice(head.length), indent, depth);
    }
  }

  private list(indent: number, depth: number): unknown[] {
    const list: unknown[] = [];
    for (;;) {
      const line = this.lines[this.at];
      if (line === undefined || line.indent < indent || (line.indent === indent && !isItem(line.text)))
        return list;
      if (line.indent > indent) throw NOT_SIMPLE;
      const rest = line.text.slice(2);
      if (rest === '' || rest.startsWith(' ')) throw NOT_SIMPLE;
      if (isItem(rest) || KEY.test(rest)) {
        // The text after the dash is the first line of a nested block.
        this.lines[this.at] = { indent: indent + 2, text: rest };
        list.push(this.block(indent + 2, depth + 1));
      } else {
        this.at++;
        list.push(scalar(rest));
      }
    }
  }

  /** Reads the value of a key: on its line, or as a block under it. */
  private value(rest: string, indent: number, depth: number): unknown {
    if (rest !== '') return scalar(rest);
    const next = this.lines[this.at];
    if (next === undefined || next.indent <= indent) throw NOT_SIMPLE;
    return this.block(next.indent, depth + 1);
  }
}

const isItem = (text: string): boolean => text.startsWith('- ');

function keyOf(head: string): string {
  const text = head.slice(0, head.lastIndexOf(':'));
  const key = scalar(text);
  // A number as a key has another text in JavaScript than in the file.
  if (typeof key !== 'string' || key === '__proto__') throw NOT_SIMPLE;
  return key;
}

function scalar(text: string): unknown {
  if (text.startsWith('"')) return quoted(text);
  if (text.startsWith("'")) {
    if (!/^'(?:[^']|'')*'$/.test(text)) throw NOT_SIMPLE;
    return text.slice(1, -1).replaceAll("''", "'");
  }
  const special = SPECIAL.get(text);
  if (special !== undefined) return typeof special === 'object' ? structuredClone(special) : special;
  if (!PLAIN.test(text) || NOT_PLAIN.test(text) || OTHER_BASE.test(text)) throw NOT_SIMPLE;
  if (INTEGER.test(text)) return integer(text);
  return FLOAT.test(text) ? Number(text) : text;
}

/** The escapes that YAML and JSON have in common. */
function quoted(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string') return value;
  } catch {
    // Another escape, or text after the closing quotation mark.
  }
  throw NOT_SIMPLE;
}

function integer(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text.startsWith('+') ? text.slice(1) : text);
}

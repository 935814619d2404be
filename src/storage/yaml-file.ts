import type { CST, Document, Pair, Scalar, ScalarTag } from 'yaml';
import { ExpmanError } from '../model/errors.js';
import { commonJs } from '../model/common-js.js';
import { quoted } from '../model/printable.js';
import { load } from './yaml.cjs';
import { assertWritable } from './yaml-values.js';
import { dangerOf } from './yaml-guard.js';
import { writeSimpleYaml } from './write-simple-yaml.js';

/**
 * The default limit of {@link parseYaml}, in bytes.
 *
 * @bound refuses: UNSAFE_YAML
 */
export const MAX_YAML_BYTES = 1024 * 1024;

/** The yaml package, whose seventy modules are loaded when the first text is read or written. */
export const yaml = commonJs(load);

const END = '# end';
const SCHEMA = { version: '1.2', schema: 'core', merge: false, resolveKnownTags: false } as const;
const PARSING = {
  uniqueKeys: false,
  intAsBigInt: true,
  stringKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/**
 * Formats a value as YAML whose last line is `# end`, so that {@link isWhole} recognises a
 * truncated file.
 *
 * {@link parseYaml} returns every value as it was: NaN, infinities, -0, text that looks like a
 * number; a bigint within 2^53 comes back as a number. YAML 1.1 readers such as PyYAML see the
 * same. Shared objects are written out, `undefined` is left out.
 *
 * @throws ExpmanError `INVALID_VALUE` for a cycle, a function, a symbol, or a value nested deeper
 * than 60.
 */
export function stringifyYaml(value: unknown): string {
  assertWritable(value);
  const simple = writeSimpleYaml(value);
  if (simple !== null) return `${simple}${END}\n`;
  const readable = documentText(value, false);
  // Only text that looks like structure, such as a line of a hundred dashes, becomes unreadable:
  // then everything is quoted.
  return dangerOf(lexemesOf(readable)) === null ? readable : documentText(value, true);
}

/**
 * Parses untrusted YAML; duplicate keys are an error, integers beyond 2^53 become bigint.
 *
 * Size and depth are checked before the parser sees the text: `yaml` 2.9.1 aborts the process on 2
 * kB of nested input.
 *
 * @throws ExpmanError `UNSAFE_YAML` if it is larger than `maxBytes`, nested deeper than 64, holds
 * over 100 aliases, anchors, tags and directives or over 100 quoted values with nothing between
 * them, `CORRUPT` if it is not YAML.
 */
export function parseYaml(text: string, maxBytes = MAX_YAML_BYTES): unknown {
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes)
    throw unsafe(`is larger than ${maxBytes} bytes`);
  const danger = dangerOf(lexemesOf(text));
  if (danger !== null) throw unsafe(danger);
  const document = documentOf(text);
  restoreNumbers(document);
  assertDistinctKeys(document);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw unsafe('has too many or unknown aliases', cause);
  }
}

/**
 * Composes the first document; stops at the first error, because 1 MB of commas has a million of
 * them, which take a minute.
 */
function documentOf(text: string): Document.Parsed {
  const { Composer, Parser } = yaml();
  const composer = new Composer({ ...SCHEMA, ...PARSING, customTags: [] });
  composer.streamInfo().errors.push = (error) => {
    throw new ExpmanError('CORRUPT', `not valid YAML: ${error.message}`, { cause: error });
  };
  const [document] = composer.compose(firstDocumentOf(new Parser().parse(text)), true, text.length);
  if (document === undefined) throw new ExpmanError('CORRUPT', 'not valid YAML: it has no document');
  return document;
}

function* firstDocumentOf(tokens: Iterable<CST.Token>): Iterable<CST.Token> {
  let documents = 0;
  for (const token of tokens) {
    if (token.type === 'document' && ++documents > 1) return;
    yield token;
  }
}

/** Tells if text that {@link stringifyYaml} wrote is complete. */
export function isWhole(text: string): boolean {
  const trimmed = text.trimEnd();
  return trimmed === END || trimmed.endsWith(`\n${END}`);
}

function lexemesOf(text: string): Iterable<string> {
  const { Lexer } = yaml();
  return new Lexer().lex(text);
}

// PyYAML reads 1e-7 as a string and refuses a file with a raw C1 character; a terminal obeys
// direction marks.
const RAW = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;

function documentText(value: unknown, quoted: boolean): string {
  const { Document, visit } = yaml();
  const document = new Document(value, {
    ...SCHEMA,
    compat: 'yaml-1.1',
    customTags: (tags) => [EXPONENT, ...tags],
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && (quoted || node.value.search(RAW) >= 0))
        node.type = 'QUOTE_DOUBLE';
    },
  });
  const text = document.toString({
    lineWidth: 0,
    blockQuote: quoted ? false : 'literal',
    ...(quoted ? { defaultStringType: 'QUOTE_DOUBLE', doubleQuotedMinMultiLineLength: Infinity } : {}),
  });
  // Such characters occur only in double quotes, where an escape means the same.
  return `${text.replace(RAW, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}${END}\n`;
}

/**
 * Numbers whose digits alone would be read as an integer beyond 2^53 (a bigint) or, in YAML 1.1, as
 * text.
 */
const EXPONENT: ScalarTag = {
  default: true,
  tag: 'tag:yaml.org,2002:float',
  test: /^(?!)/,
  identify: (value) =>
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (String(value).includes('e') || (Number.isInteger(value) && !Number.isSafeInteger(value))),
  resolve: Number,
  stringify: ({ value }) =>
    Number(value)
      .toExponential()
      .replace(/^(-?\d)e/, '$1.0e'),
};

function restoreNumbers(document: Document.Parsed): void {
  yaml().visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'bigint') node.value = numberOf(node.value, node);
    },
  });
}

function numberOf(value: bigint, { source }: Scalar): number | bigint {
  if (value === 0n && source?.startsWith('-') === true) return -0;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

// The parser's own check is quadratic: 8.6 s for 40,000 keys.
function assertDistinctKeys(document: Document.Parsed): void {
  yaml().visit(document, {
    Map: (_key, map) => {
      const seen = new Set<string>();
      for (const pair of map.items) {
        const name = nameOf(pair);
        if (seen.has(name))
          throw new ExpmanError('CORRUPT', `not valid YAML: the key ${quoted(name)} occurs twice`);
        seen.add(name);
      }
    },
  });
}

function nameOf({ key }: Pair): string {
  const value: unknown = yaml().isScalar(key) ? key.value : key;
  if (value === null) return '';
  if (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean'
  )
    return String(value);
  throw new ExpmanError('CORRUPT', 'not valid YAML: a key is not a plain value');
}

function unsafe(what: string, cause?: unknown): ExpmanError {
  return new ExpmanError('UNSAFE_YAML', `YAML ${what}`, { cause });
}

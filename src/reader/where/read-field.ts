import { nearestWord } from '../../model/nearest-word.js';
import { cut } from '../../model/printable.js';
import { FACT_WORDS, FIELD_WORDS, type Field, PATH_WORDS, factNamed } from './fields.js';
import type { Parser } from './parser.js';
import type { PathPart } from './tokens.js';

/** @bound refuses: INVALID_FILTER */
const MAX_PARTS = 64;

type PathKind = Exclude<Field['kind'], 'fact'>;

const KINDS: ReadonlyMap<string, PathKind> = new Map(
  (Object.keys(PATH_WORDS) as PathKind[]).map((kind) => [PATH_WORDS[kind], kind]),
);

const NAMED: Readonly<Record<PathKind, string>> = {
  param: 'param',
  metric: 'metric',
  summary: 'summary value',
};

/** Parses a field. */
export function readField(parser: Parser): Field {
  const { next } = parser;
  if (next.kind !== 'word')
    throw parser.expected('a field such as status, params.lr, metrics.loss.min or summary.pass_rate');
  const [first, ...rest] = next.parts;
  const field = fieldOf(parser, next.text, first?.text ?? '', rest);
  parser.advance();
  return field;
}

function fieldOf(parser: Parser, word: string, first: string, rest: readonly PathPart[]): Field {
  const kind = KINDS.get(first.toLowerCase());
  if (kind === undefined) {
    const name = rest.length === 0 ? factNamed(first) : undefined;
    if (name === undefined) throw unknownField(parser, word, first);
    return { kind: 'fact', name };
  }
  if (rest.length > MAX_PARTS)
    throw parser.error(`a path may have at most ${MAX_PARTS} parts; got ${rest.length}`);
  // A quoted empty part is a name; an unquoted one means that the name is missing.
  if (rest.every(({ text, quoted }) => text === '' && !quoted))
    throw parser.error(`expected ${first.toLowerCase()}.<name>: the name of the ${NAMED[kind]} is missing`);
  return { kind, path: rest.map(({ text }) => text) };
}

function unknownField(parser: Parser, word: string, first: string): Error {
  const near = nearestWord(first, FIELD_WORDS);
  const path = cut(word, 64);
  return parser.error(
    near === undefined
      ? `unknown field "${path}": expected params.${path}, metrics.${path}, summary.${path} or one of ${FACT_WORDS.join(', ')}`
      : `unknown field "${path}": did you mean ${near}? A parameter, metric or summary value of that name is params.${path}, metrics.${path}, summary.${path}`,
  );
}

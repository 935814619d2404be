import type { Expression, Literal } from './expression.js';
import { type Field, type FieldType, typeOfField } from './fields.js';
import { Parser } from './parser.js';
import { readField } from './read-field.js';
import { readLiteral } from './read-literal.js';

/** @bound refuses: INVALID_FILTER */
const MAX_DEPTH = 64;
const COMPARISONS = ['=', '==', '!=', '<>', '<', '<=', '>', '>='] as const;
const AFTER_FIELD = 'a comparison (= != < <= > >= ~ LIKE IN HAS), IS NULL or EXISTS';

/** Parses a filter as an expression; nesting is limited, and so is the stack. */
export function parseExpression(text: string, nowMs: number): Expression {
  const parser = new Parser(text);
  if (parser.isAtEnd())
    throw parser.error('the filter is empty: expected a field such as status or params.lr');
  const expression = alternatives(parser, nowMs, 0);
  if (!parser.isAtEnd()) throw parser.expected('AND, OR or the end of the filter');
  return expression;
}

type Rule = (parser: Parser, nowMs: number, depth: number) => Expression;

const alternatives: Rule = (parser, nowMs, depth) => joined('or', conditions)(parser, nowMs, depth);
const conditions: Rule = (parser, nowMs, depth) => joined('and', condition)(parser, nowMs, depth);

/** Parses one term, or several with a word between them: any number, without nesting. */
function joined(kind: 'and' | 'or', rule: Rule): Rule {
  return (parser, nowMs, depth) => {
    const first = rule(parser, nowMs, depth);
    const terms = [first];
    while (parser.takeWord(kind)) terms.push(rule(parser, nowMs, depth));
    return terms.length === 1 ? first : { kind, terms };
  };
}

const condition: Rule = (parser, nowMs, depth) => {
  if (depth > MAX_DEPTH) throw parser.error(`the filter is nested deeper than ${MAX_DEPTH}`);
  if (parser.takeWord('not')) return { kind: 'not', term: condition(parser, nowMs, depth + 1) };
  if (parser.takeWord('exists')) return present(parenthesised(parser, () => readField(parser)));
  if (!parser.takeSymbol('(')) return comparison(parser, nowMs);
  const inner = alternatives(parser, nowMs, depth + 1);
  if (!parser.takeSymbol(')')) throw parser.expected('AND, OR or a closing parenthesis');
  return inner;
};

function parenthesised<T>(parser: Parser, read: () => T): T {
  const opened = parser.takeSymbol('(');
  const inner = read();
  if (opened && !parser.takeSymbol(')')) throw parser.expected('a closing parenthesis');
  return inner;
}

const present = (field: Field): Expression => ({ kind: 'not', term: { kind: 'absent', field } });

function comparison(parser: Parser, nowMs: number): Expression {
  const field = readField(parser);
  const type = typeOfField(field);
  const sign = COMPARISONS.find((each) => parser.isSymbol(each));
  if (sign !== undefined) return compared(parser, field, type, sign, nowMs);
  if (parser.takeWord('exists')) return present(field);
  if (parser.takeWord('is')) return nullness(parser, field);
  if (parser.takeSymbol('~')) return { kind: 'contains', field, text: readText(parser) };
  const negated = parser.takeWord('not');
  const positive = membership(parser, field, type, nowMs);
  if (positive === null) throw parser.expected(negated ? 'IN, LIKE or HAS' : AFTER_FIELD);
  return negated ? { kind: 'not', term: positive } : positive;
}

function membership(parser: Parser, field: Field, type: FieldType, nowMs: number): Expression | null {
  if (parser.isWord('in')) {
    refuseDates(parser, type);
    parser.takeWord('in');
    return { kind: 'in', field, values: readList(parser, type, nowMs) };
  }
  if (parser.isWord('has')) {
    if (type !== 'list' && field.kind !== 'param')
      throw parser.error('HAS only works on tags and on parameters that are lists');
    parser.takeWord('has');
    return { kind: 'has', field, value: readLiteral(parser, type, nowMs) };
  }
  return parser.takeWord('like') ? { kind: 'like', field, text: readText(parser) } : null;
}

type Sign = (typeof COMPARISONS)[number];

function compared(parser: Parser, field: Field, type: FieldType, sign: Sign, nowMs: number): Expression {
  if (type === 'list') throw parser.error("tags are a list: write tags HAS 'name'");
  const is = sign === '==' ? '=' : sign === '<>' ? '!=' : sign;
  if (is === '=' || is === '!=') refuseDates(parser, type);
  parser.takeSymbol(sign);
  if (parser.isWord('null'))
    throw parser.error(
      `nothing is equal to NULL: write IS ${is === '!=' ? 'NOT ' : ''}NULL instead of ${sign}`,
    );
  return { kind: 'compare', field, is, value: readLiteral(parser, type, nowMs) };
}

/**
 * Refuses to compare dates for equality: no run begins at exactly the millisecond that somebody
 * writes down.
 */
function refuseDates(parser: Parser, type: FieldType): void {
  if (type === 'date')
    throw parser.error('a date can only be compared with < <= > >=, or a day with ~ 2026-01-31');
}

function nullness(parser: Parser, field: Field): Expression {
  const negated = parser.takeWord('not');
  if (!parser.takeWord('null')) throw parser.expected(negated ? 'NULL' : 'NULL or NOT NULL');
  return negated ? present(field) : { kind: 'absent', field };
}

function readList(parser: Parser, type: FieldType, nowMs: number): Literal[] {
  if (!parser.takeSymbol('(')) throw parser.expected('a list in parentheses');
  const values: Literal[] = [];
  do values.push(readLiteral(parser, type, nowMs));
  while (parser.takeSymbol(','));
  if (!parser.takeSymbol(')')) throw parser.expected('a comma or a closing parenthesis');
  return values;
}

function readText(parser: Parser): string {
  const { kind, text } = parser.next;
  if (kind !== 'word' && kind !== 'text') throw parser.expected('a text');
  parser.advance();
  return text;
}

import { nearestWord } from '../../model/nearest-word.js';
import { cut } from '../../model/printable.js';
import type { Literal } from './expression.js';
import type { FieldType } from './fields.js';
import { STATUS_WORDS, dateIn, durationIn, numberIn, statusIn } from './literals.js';
import type { Parser } from './parser.js';

/** Parses a value by the type of the field next to it. */
export function readLiteral(parser: Parser, type: FieldType, nowMs: number): Literal {
  const { kind, text } = parser.next;
  if (kind !== 'word' && kind !== 'text') throw parser.expected('a value');
  const value = literalOf(parser, type, text, kind === 'text', nowMs);
  parser.advance();
  return value;
}

function literalOf(parser: Parser, type: FieldType, text: string, quoted: boolean, nowMs: number): Literal {
  switch (type) {
    case 'any':
      return quoted ? text : bare(parser, text);
    case 'text':
    case 'list':
      return text;
    case 'number':
      return numberIn(text) ?? refuse(parser, `expected a number, not "${shown(text)}"`);
    case 'duration':
      return (
        durationIn(text) ??
        milliseconds(text) ??
        refuse(parser, 'expected a duration such as 90s, 2h30m or 1.5d, or milliseconds')
      );
    case 'date':
      return (
        dateIn(text, nowMs) ?? refuse(parser, 'expected a date such as 2026-01-31, 2026-01-31T12:00 or -7d')
      );
    case 'status':
      return statusIn(text) ?? refuse(parser, unknownStatus(text));
  }
}

/** Parses an unquoted word by what it looks like. */
function bare(parser: Parser, word: string): Literal {
  const lower = word.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  if (lower === 'null') throw parser.error('NULL is only allowed after IS: expected a value');
  if (/^(?:params|metrics)\./i.test(word))
    throw parser.error(
      'a field can only be compared with a value, not with another field: quote it if it is text',
    );
  return numberIn(word) ?? word;
}

/** Parses milliseconds; negative numbers and NaN are not durations. */
function milliseconds(text: string): number | undefined {
  const number = numberIn(text);
  return typeof number === 'number' && number >= 0 ? number : undefined;
}

function unknownStatus(text: string): string {
  const near = nearestWord(text, STATUS_WORDS);
  const rule = near === undefined ? `expected one of ${STATUS_WORDS.join(', ')}` : `did you mean ${near}?`;
  return `unknown status "${shown(text)}": ${rule}`;
}

function refuse(parser: Parser, what: string): never {
  throw parser.error(what);
}

const shown = (text: string): string => cut(text, 64);

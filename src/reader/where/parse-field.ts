import type { RunFacts } from '../../model/run-facts.js';
import { type Field, type FieldValue, valueOf } from './fields.js';
import { Parser } from './parser.js';
import { readField } from './read-field.js';

/**
 * Parses a field such as `metrics.loss.min`, as in `parseWhere`; the returned function reads the
 * value of a run.
 *
 * @throws ExpmanError `INVALID_FILTER`, with the place, if it cannot be parsed
 */
export function parseField(text: string): (facts: RunFacts) => FieldValue {
  const field = fieldIn(text);
  return (facts) => valueOf(field, facts);
}

/** Parses the field that a text names. @throws ExpmanError `INVALID_FILTER` */
export function fieldIn(text: string): Field {
  const parser = new Parser(text);
  const field = readField(parser);
  if (!parser.isAtEnd()) throw parser.expected('the end');
  return field;
}

import type { RunFacts } from '../../model/run-facts.js';
import { type Field, type FieldValue, valueOf } from './fields.js';
import { Parser } from './parser.js';
import { readField } from './read-field.js';

/**
 * Reads a field such as `metrics.loss.min`, as `parseWhere` knows them; what it gives is the value a run has there.
 *
 * @throws ExpmanError `INVALID_FILTER`, with the place, when it cannot be understood
 */
export function parseField(text: string): (facts: RunFacts) => FieldValue {
  const field = fieldIn(text);
  return (facts) => valueOf(field, facts);
}

/** The field a text names. @throws ExpmanError `INVALID_FILTER` */
export function fieldIn(text: string): Field {
  const parser = new Parser(text);
  const field = readField(parser);
  if (!parser.isAtEnd()) throw parser.expected('the end');
  return field;
}

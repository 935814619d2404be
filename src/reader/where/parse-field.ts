import type { RunFacts } from '../../model/run-facts.js';
import { type FieldValue, valueOf } from './fields.js';
import { Parser } from './parser.js';
import { readField } from './read-field.js';

/**
 * Reads a field such as `metrics.loss.min`, as `parseWhere` knows them; what it gives is the value a run has there.
 *
 * @throws ExpmanError `INVALID_FILTER`, with the place, when it cannot be understood
 */
export function parseField(text: string): (facts: RunFacts) => FieldValue {
  const parser = new Parser(text);
  const field = readField(parser);
  if (!parser.isAtEnd()) throw parser.expected('the end');
  return (facts) => valueOf(field, facts);
}

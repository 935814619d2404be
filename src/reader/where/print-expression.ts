import type { Expression, Literal } from './expression.js';
import { type Field, PATH_WORDS, typeOfField } from './fields.js';

/** Writes an expression as text that parses to the same expression. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.terms.map(asTerm).join(` ${expression.kind.toUpperCase()} `);
    case 'not':
      return expression.term.kind === 'absent'
        ? `${printField(expression.term.field)} IS NOT NULL`
        : `NOT ${asTerm(expression.term)}`;
    case 'absent':
      return `${printField(expression.field)} IS NULL`;
    case 'compare':
      return `${printField(expression.field)} ${expression.is} ${printLiteral(expression.field, expression.value)}`;
    case 'in':
      return `${printField(expression.field)} IN (${expression.values.map((value) => printLiteral(expression.field, value)).join(', ')})`;
    case 'has':
      return `${printField(expression.field)} HAS ${printLiteral(expression.field, expression.value)}`;
    case 'like':
      return `${printField(expression.field)} LIKE ${quote(expression.text)}`;
    case 'contains':
      return `${printField(expression.field)} ~ ${quote(expression.text)}`;
  }
}

const asTerm = (expression: Expression): string =>
  expression.kind === 'and' || expression.kind === 'or'
    ? `(${printExpression(expression)})`
    : printExpression(expression);

/** Quotes every part of a path that could be read as something else. */
function printField(field: Field): string {
  if (field.kind === 'fact') return field.name;
  const parts = field.path.map((part) => (/^[A-Za-z0-9_/-]+$/.test(part) ? part : quote(part, '"')));
  return [PATH_WORDS[field.kind], ...parts].join('.');
}

function printLiteral(field: Field, value: Literal): string {
  if (typeof value === 'string') return quote(value);
  const type = typeOfField(field);
  if (type === 'date' && typeof value === 'number') return quote(new Date(value).toISOString());
  if (type === 'duration') return `${String(value)}ms`;
  return Object.is(value, -0) ? '-0' : String(value);
}

const quote = (text: string, sign = "'"): string => `${sign}${text.replaceAll(sign, sign + sign)}${sign}`;

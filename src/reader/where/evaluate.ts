import type { ParamValue } from '../../model/param-value.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { Comparison, Expression, Literal } from './expression.js';
import { type FieldValue, typeOfField, valueOf } from './fields.js';
import { holds, isLike } from './text-match.js';

/**
 * Evaluates an expression for a run; null if the result is unknown, as in SQL: the only thing known
 * about an absent value is that it is absent, and the negation of an unknown result is unknown,
 * too.
 */
export function evaluate(expression: Expression, facts: RunFacts): boolean | null {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return combined(expression.terms, expression.kind === 'or', facts);
    case 'not': {
      const inner = evaluate(expression.term, facts);
      return inner === null ? null : !inner;
    }
    case 'absent':
      return valueOf(expression.field, facts) === undefined;
    default: {
      const value = comparable(expression, valueOf(expression.field, facts));
      return value === undefined ? null : isTrue(expression, value);
    }
  }
}

/**
 * Combines terms; `decisive` is the result that one term alone decides: true for OR, false for AND.
 */
function combined(terms: readonly Expression[], decisive: boolean, facts: RunFacts): boolean | null {
  let known = true;
  for (const term of terms) {
    const each = evaluate(term, facts);
    if (each === decisive) return decisive;
    known &&= each !== null;
  }
  return known ? !decisive : null;
}

type Leaf = Extract<Expression, { readonly kind: 'compare' | 'in' | 'has' | 'like' | 'contains' }>;

function isTrue(expression: Leaf, value: ParamValue): boolean | null {
  switch (expression.kind) {
    case 'compare':
      return compare(value, expression.is, expression.value);
    case 'in':
      return itemsOf(value).some((item) => expression.values.some((each) => isSame(item, each)));
    case 'has':
      return itemsOf(value).some((item) => isSame(item, expression.value));
    case 'like':
      return itemsOf(value).some((item) => isText(item) && isLike(String(item), expression.text));
    case 'contains':
      return itemsOf(value).some((item) => isText(item) && holds(String(item), expression.text));
  }
}

/**
 * Compares two values. Values of different kinds are neither equal nor ordered; NaN equals only
 * NaN, and is not less or greater than anything.
 */
function compare(value: ParamValue, is: Comparison, other: Literal): boolean | null {
  if (is === '=') return isSame(value, other);
  if (is === '!=') return !isSame(value, other);
  const ordered =
    (isNumber(value) && isNumber(other)) || (typeof value === 'string' && typeof other === 'string');
  if (!ordered) return null;
  switch (is) {
    case '<':
      return value < other;
    case '<=':
      return value <= other;
    case '>':
      return value > other;
    case '>=':
      return value >= other;
  }
}

/** True if two values are equal; a number equals a bigint of the same value. */
function isSame(value: ParamValue, other: Literal): boolean {
  if (isNumber(value) && isNumber(other))
    return value <= other ? value >= other : Number.isNaN(value) && Number.isNaN(other);
  return value === other;
}

const isNumber = (value: ParamValue): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';
const isText = (value: ParamValue): value is Literal => typeof value !== 'object';

/** Returns the items of a list; any other value as a single item. */
const itemsOf = (value: ParamValue): readonly ParamValue[] => (isList(value) ? value : [value]);

// Array.isArray does not narrow a readonly array.
const isList = (value: ParamValue): value is readonly ParamValue[] => Array.isArray(value);

/** Converts a date to milliseconds for comparing; an invalid date counts as absent. */
function comparable({ kind, field }: Leaf, value: FieldValue): FieldValue {
  if (kind !== 'compare' || typeOfField(field) !== 'date' || typeof value !== 'string') return value;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

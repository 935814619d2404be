import type { Field } from './fields.js';

/**
 * A value that a run's is compared with. A date is in milliseconds since the epoch, a duration in
 * milliseconds.
 */
export type Literal = number | bigint | string | boolean;

/** The operators that compare two values. */
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A parsed filter. */
export type Expression =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Expression[] }
  | { readonly kind: 'not'; readonly term: Expression }
  | { readonly kind: 'absent'; readonly field: Field }
  | { readonly kind: 'compare'; readonly field: Field; readonly is: Comparison; readonly value: Literal }
  | { readonly kind: 'in'; readonly field: Field; readonly values: readonly Literal[] }
  | { readonly kind: 'has'; readonly field: Field; readonly value: Literal }
  | { readonly kind: 'like' | 'contains'; readonly field: Field; readonly text: string };

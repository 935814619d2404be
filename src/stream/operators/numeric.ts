/** A number, or an object with one under `value`, such as a {@link MetricPoint}. */
export type Numeric = number | { readonly value: number };

/**
 * The type of an item whose number is replaced: a number, or the item with all its other fields.
 */
export type WithNumber<T extends Numeric> = T extends number ? number : T;

/**
 * The better direction of a metric: `'min'` if smaller is better, as for a loss, `'max'` if larger
 * is, as for an accuracy.
 */
export type Mode = 'min' | 'max';

export const numberOf = (item: Numeric): number => (typeof item === 'number' ? item : item.value);

export const withNumber = (item: Numeric, value: number): Numeric =>
  typeof item === 'number' ? value : { ...item, value };

/**
 * The amount by which `value` is better than `reference`, negative for worse; NaN if either is NaN.
 */
export const gain = (value: number, reference: number, mode: Mode): number =>
  mode === 'min' ? reference - value : value - reference;

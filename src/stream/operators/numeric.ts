/** A number, or what carries one under `value`, such as a {@link MetricPoint}. */
export type Numeric = number | { readonly value: number };

/** What becomes of an item whose number is replaced: a number, or the item with all its other fields. */
export type WithNumber<T extends Numeric> = T extends number ? number : T;

/** Which numbers are the better ones: `'min'` the smaller, as of a loss, `'max'` the larger, as of an accuracy. */
export type Mode = 'min' | 'max';

export const numberOf = (item: Numeric): number => (typeof item === 'number' ? item : item.value);

export const withNumber = (item: Numeric, value: number): Numeric =>
  typeof item === 'number' ? value : { ...item, value };

/** How much better `value` is than `reference`, negative for worse; NaN where either is. */
export const gain = (value: number, reference: number, mode: Mode): number =>
  mode === 'min' ? reference - value : value - reference;

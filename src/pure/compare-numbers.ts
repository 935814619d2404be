/** Compares two numbers for an order, of which both may be infinite; neither may be NaN. */
export const compareNumbers = (one: number, other: number): number =>
  one === other ? 0 : one < other ? -1 : 1;

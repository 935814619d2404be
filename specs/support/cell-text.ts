/** What stands in a column of texts for a number, bigint or boolean: as `String` has it, but for zeros with a sign and doubles beyond 2^53. */
export function cellText(value: number | bigint | boolean): string {
  if (Object.is(value, -0)) return '-0';
  const isLarge = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isLarge ? value.toExponential() : String(value);
}

/**
 * A bigint as it is read back: a number if no digit is lost by that, itself beyond 2^53. Text files
 * cannot tell the two apart, so no other output about a run does either.
 */
export function plainInteger<T>(value: T): T | number {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * A bigint as it is read back: a number where no digit is lost by that, itself beyond 2^53. Files of text cannot tell the two
 * apart, so nothing else that is said of a run does either.
 */
export function plainInteger<T>(value: T): T | number {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

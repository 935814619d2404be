const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Expresses a number of bytes in the unit of thousands in which it is at least 1. */
export function byteSize(bytes: number): { readonly size: number; readonly unit: string } {
  let [size, power] = [bytes, 0];
  for (; size >= 1000 && power < UNITS.length - 1; power++) size /= 1000;
  return { size, unit: UNITS[power] ?? '' };
}

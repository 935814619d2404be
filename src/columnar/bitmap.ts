/** The size in bytes of a bitmap of `bits` bits. */
export const bitmapBytes = (bits: number): number => (bits + 7) >> 3;

/** Reads bit `index`, least significant bit first, as in Arrow and Parquet. */
export const bitAt = (bitmap: Uint8Array, index: number): boolean =>
  ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;

export function setBit(bitmap: Uint8Array, index: number): void {
  bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
}

/** Sets `count` bits from `start` on. */
export function setBits(bitmap: Uint8Array, start: number, count: number): void {
  let at = start;
  const end = start + count;
  while (at < end && (at & 7) !== 0) setBit(bitmap, at++);
  const wholeBytes = (end - at) >> 3;
  if (wholeBytes > 0) {
    bitmap.fill(0xff, at >> 3, (at >> 3) + wholeBytes);
    at += wholeBytes << 3;
  }
  while (at < end) setBit(bitmap, at++);
}

/** Makes a bitmap with the first `bits` bits set. */
export function allBits(bits: number): Uint8Array {
  const bitmap = new Uint8Array(bitmapBytes(bits));
  setBits(bitmap, 0, bits);
  return bitmap;
}

/**
 * Copies the first `count` bits of a bitmap into another from `start` on, where that is still zero.
 */
export function copyBits(from: Uint8Array, count: number, into: Uint8Array, start: number): void {
  const shift = start & 7;
  let at = start >> 3;
  for (let left = count, i = 0; left > 0; left -= 8, i++, at++) {
    // Arrow leaves the bits after the last one undefined.
    const bits = left < 8 ? (from[i] ?? 0) & ((1 << left) - 1) : (from[i] ?? 0);
    into[at] = (into[at] ?? 0) | (bits << shift);
    if (shift + left > 8) into[at + 1] = (into[at + 1] ?? 0) | (bits >> (8 - shift));
  }
}

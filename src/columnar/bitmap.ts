/** Bytes of a bitmap for so many bits. */
export const bitmapBytes = (bits: number): number => (bits + 7) >> 3;

/** Bit `index`, least significant bit first as Arrow and Parquet have it. */
export const bitAt = (bitmap: Uint8Array, index: number): boolean => ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;

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

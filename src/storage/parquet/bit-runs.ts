/** The number of set bits in each byte value. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) ones++;
  return ones;
});

/** Counts the set bits in [from, to) of an Arrow bitmap; `from` is a multiple of 8. */
export function countSet(bitmap: Uint8Array, from: number, to: number): number {
  let ones = 0;
  const whole = to >> 3;
  for (let i = from >> 3; i < whole; i++) ones += ONES[bitmap[i] ?? 0] ?? 0;
  if ((to & 7) !== 0) ones += ONES[(bitmap[whole] ?? 0) & ((1 << (to & 7)) - 1)] ?? 0;
  return ones;
}

/** Sets the bits in [from, to). */
export function setRange(bitmap: Uint8Array, from: number, to: number): void {
  const first = from >> 3;
  const last = to >> 3;
  const head = 0xff << (from & 7);
  const tail = (1 << (to & 7)) - 1;
  if (first === last) {
    orByte(bitmap, first, head & tail);
  } else {
    orByte(bitmap, first, head);
    bitmap.fill(0xff, first + 1, last);
    orByte(bitmap, last, tail);
  }
}

/** Sets the eight bits from `at` on to those of `byte`, where they are still zero. */
export function orBits(bitmap: Uint8Array, at: number, byte: number): void {
  const shift = at & 7;
  orByte(bitmap, at >> 3, byte << shift);
  if (shift !== 0) orByte(bitmap, (at >> 3) + 1, byte >> (8 - shift));
}

/** The eight bits from `at` on; bits after the last byte read as zero. */
export function bitsAt(bitmap: Uint8Array, at: number): number {
  const shift = at & 7;
  const low = (bitmap[at >> 3] ?? 0) >> shift;
  return shift === 0 ? low : (low | ((bitmap[(at >> 3) + 1] ?? 0) << (8 - shift))) & 0xff;
}

/** Counts the consecutive bits from `at`, before `end`, that equal `bit`. */
export function runLength(bitmap: Uint8Array, at: number, end: number, bit: number): number {
  const same = bit === 0 ? 0 : 0xff;
  let next = at;
  while (next < end && (next & 7) !== 0 && isBit(bitmap, next, bit)) next++;
  if ((next & 7) === 0) while (next + 8 <= end && bitmap[next >> 3] === same) next += 8;
  while (next < end && isBit(bitmap, next, bit)) next++;
  return next - at;
}

function isBit(bitmap: Uint8Array, at: number, bit: number): boolean {
  return (((bitmap[at >> 3] ?? 0) >> (at & 7)) & 1) === bit;
}

function orByte(bitmap: Uint8Array, index: number, bits: number): void {
  if (index < bitmap.length) bitmap[index] = (bitmap[index] ?? 0) | bits;
}

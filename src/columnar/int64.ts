const HIGH = 2 ** 32;

/**
 * Converts safe integers to int64, in two halves: a BigInt per value would cost ten times as much.
 *
 * NaN becomes 0; the caller's validity bitmap marks it as null.
 */
export function int64FromDoubles(doubles: Float64Array): BigInt64Array<ArrayBuffer> {
  const halves = new Int32Array(doubles.length * 2);
  for (let i = 0; i < doubles.length; i++) {
    const value = doubles[i] ?? 0;
    const high = Math.floor(value / HIGH);
    halves[2 * i] = value - high * HIGH;
    halves[2 * i + 1] = high;
  }
  return new BigInt64Array(halves.buffer);
}

/** Reads the int64 at `index` as a double; exact for safe integers. */
export function doubleAt(halves: Int32Array, index: number): number {
  return (halves[2 * index + 1] ?? 0) * HIGH + ((halves[2 * index] ?? 0) >>> 0);
}

/** True if the int64 at `index` is strictly between -2^53 and 2^53. */
export function isSafeAt(halves: Int32Array, index: number): boolean {
  const high = halves[2 * index + 1] ?? 0;
  return high < 0x200000 && (high > -0x200000 || (high === -0x200000 && halves[2 * index] !== 0));
}

/**
 * The 32-bit halves of 64-bit values, low half first: keeps every bit, those of a NaN too, without
 * a BigInt.
 */
export function halvesOf(values: BigInt64Array | Float64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}

import { expect } from 'vitest';

/** What damaged bytes are refused with. */
export const corrupt = expect.objectContaining({ code: 'CORRUPT' }) as Error;

/** What was decoded, or null where the bytes were refused as they have to be. */
export function orRefused<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    expect(error).toMatchObject({ code: 'CORRUPT' });
    return null;
  }
}

/** A copy of bytes with one bit flipped. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

import { corrupt } from './corrupt.js';

const TWO_53 = 2 ** 53;

/** Reads forward through untrusted bytes; reading past the end is `CORRUPT`. */
export class ByteCursor {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  u8(): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw corrupt('a page ends too early');
    this.#at++;
    return byte;
  }

  u32(): number {
    return (this.u8() | (this.u8() << 8) | (this.u8() << 16) | (this.u8() << 24)) >>> 0;
  }

  /** The next `length` bytes, not a copy. */
  read(length: number): Uint8Array {
    if (length > this.left) throw corrupt('a page ends too early');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** An unsigned varint of at most 32 bits. */
  varint(): number {
    const value = this.#varint();
    if (value > 0xffffffff) throw corrupt('an integer is longer than 32 bits');
    return value;
  }

  /** Skips a varint of any value. */
  skipVarint(): void {
    this.#varint();
  }

  /** A zigzag varint that is a safe integer. */
  zigZag64(): number {
    const at = this.#at;
    const zigzag = this.#varint();
    // Half of it is exact in a double, the whole is not: the lowest bit, the sign, is in the first
    // byte.
    const isNegative = ((this.bytes[at] ?? 0) & 1) === 1;
    if (zigzag >= TWO_53) return this.#halved(at, isNegative);
    return isNegative ? -(zigzag + 1) / 2 : zigzag / 2;
  }

  #halved(at: number, isNegative: boolean): number {
    let half = ((this.bytes[at] ?? 0) & 127) >> 1;
    for (let i = at + 1, scale = 64; i < this.#at; i++, scale *= 128)
      half += ((this.bytes[i] ?? 0) & 127) * scale;
    const value = isNegative ? -half - 1 : half;
    if (!Number.isSafeInteger(value)) throw corrupt('an integer is beyond 2^53');
    return value;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (scale > 2 ** 63) throw corrupt('an integer is longer than 64 bits');
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}

import { bitsAt } from './bit-runs.js';
import type { Dense, Strings } from './dense.js';

/** The total size of the values in PLAIN pages. */
export function plainLength(dense: Dense): number {
  switch (dense.kind) {
    case 'words':
      return dense.count * 8;
    case 'bits':
      return (dense.count + 7) >> 3;
    case 'strings':
      return dense.count * 4 + stringsLength(dense);
    default:
      return dense satisfies never;
  }
}

/** PLAIN-encodes the values [from, to); 64-bit values are the buffer itself, not a copy. */
export function encodePlain(dense: Dense, from: number, to: number): Uint8Array {
  switch (dense.kind) {
    case 'words':
      return new Uint8Array(dense.words.buffer, dense.words.byteOffset + from * 8, (to - from) * 8);
    case 'bits':
      return plainBits(dense.bits, from, to);
    case 'strings':
      return plainStrings(dense, from, to);
    default:
      return dense satisfies never;
  }
}

function plainBits(bits: Uint8Array, from: number, to: number): Uint8Array {
  const out = new Uint8Array((to - from + 7) >> 3);
  if ((from & 7) === 0) out.set(bits.subarray(from >> 3, (to + 7) >> 3));
  else for (let i = 0; i < out.length; i++) out[i] = bitsAt(bits, from + 8 * i);
  const rest = (to - from) & 7;
  const last = out.length - 1;
  if (rest !== 0) out[last] = (out[last] ?? 0) & ((1 << rest) - 1);
  return out;
}

function plainStrings({ starts, ends, bytes }: Strings, from: number, to: number): Uint8Array {
  let length = 4 * (to - from);
  for (let i = from; i < to; i++) length += (ends[i] ?? 0) - (starts[i] ?? 0);
  const out = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (let i = from; i < to; i++) {
    const start = starts[i] ?? 0;
    const end = ends[i] ?? 0;
    const size = end - start;
    out[at] = size;
    out[at + 1] = size >> 8;
    out[at + 2] = size >> 16;
    out[at + 3] = size >> 24;
    at += 4;
    // A call per string costs more than copying these few bytes one by one.
    if (size < 24) for (let j = start; j < end; j++) out[at + j - start] = bytes[j] ?? 0;
    else out.set(bytes.subarray(start, end), at);
    at += size;
  }
  return out;
}

function stringsLength({ count, starts, ends }: Strings): number {
  let length = 0;
  for (let i = 0; i < count; i++) length += (ends[i] ?? 0) - (starts[i] ?? 0);
  return length;
}

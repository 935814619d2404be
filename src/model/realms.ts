import { types } from 'node:util';

// Values made in node:vm, jsdom or happy-dom have other constructors than those of this module:
// `instanceof` alone does not recognise them.

/** True for an error of any realm. */
export const isError = (value: unknown): value is Error =>
  types.isNativeError(value) || value instanceof Error;

/** True for a URL of any realm. */
export const isUrl = (value: unknown): value is URL =>
  value instanceof URL ||
  (Object.prototype.toString.call(value) === '[object URL]' && typeof (value as URL).href === 'string');

/**
 * The bytes of a buffer or of a view of one, of any realm, shared memory included; null for
 * anything else.
 */
export function bytesIn(value: unknown): Uint8Array | null {
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value);
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null;
}

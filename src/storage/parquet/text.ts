import { corrupt } from './corrupt.js';
import type { Binary } from './parquetjs.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes text from the bytes of a footer; missing bytes and invalid UTF-8 are `CORRUPT`. */
export function decodeText(bytes: Binary | null, what: string): string {
  if (bytes === null) throw corrupt(`${what} is missing`);
  if (typeof bytes === 'string') return bytes;
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw corrupt(`${what} is not UTF-8`, error);
  }
}

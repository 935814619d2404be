import { bitmapBytes, setBit } from './bitmap.js';
import type { TextColumn } from './column.js';

/**
 * Makes a UTF8 column of encoded strings, null for null rows. None of them was logged as a number.
 */
export function columnOfStrings(strings: readonly (Uint8Array | null)[]): TextColumn {
  const offsets = new Int32Array(strings.length + 1);
  const validity = new Uint8Array(bitmapBytes(strings.length));
  let bytes = 0;
  let nullCount = 0;
  strings.forEach((text, row) => {
    if (text === null) nullCount++;
    else {
      setBit(validity, row);
      bytes += text.length;
    }
    offsets[row + 1] = bytes;
  });
  const values = new Uint8Array(bytes);
  strings.forEach((text, row) => {
    if (text !== null) values.set(text, offsets[row]);
  });
  return {
    type: 'UTF8',
    length: strings.length,
    nullCount,
    validity: nullCount === 0 ? null : validity,
    offsets,
    values,
  };
}

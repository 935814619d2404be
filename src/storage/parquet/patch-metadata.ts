import { crc32 } from 'node:zlib';
import { ByteCursor } from './byte-cursor.js';
import { CompactReader } from './compact-reader.js';
import { corrupt, orCorrupt } from './corrupt.js';
import { CRC_KEY, CRC_PLACEHOLDER } from './encode-footer.js';
import { structs } from './parquetjs.js';
import { hex } from './regions.js';
import { decodeText } from './text.js';

/** The length of the footer and `PAR1`, after the metadata. */
const TRAILER = 8;

/**
 * Returns a footer in which the value of a metadata entry is replaced by one of the same length; all
 * other bytes stay, except for the footer's checksum.
 *
 * @param footer - one that `decodeFooter` accepts
 * @throws ExpmanError `CORRUPT` if there is no such entry, or its value has another length
 */
export function patchMetadata(footer: Uint8Array, key: string, value: string): Uint8Array {
  return orCorrupt('its footer cannot be read', () => {
    const patched = Uint8Array.from(footer);
    const bytes = patched.subarray(0, -TRAILER);
    const metadata = new (structs().FileMetaData)();
    metadata.read(new CompactReader(new ByteCursor(bytes)));
    // The values are views of the bytes.
    const set = (name: string, text: string): void => {
      const entries = metadata.key_value_metadata ?? [];
      const place = entries.find((entry) => decodeText(entry.key, 'a metadata key') === name)?.value;
      const content = Buffer.from(text);
      if (!(place instanceof Uint8Array) || place.length !== content.length)
        throw corrupt(`its footer has no ${name} of ${content.length} bytes`);
      place.set(content);
    };
    set(key, value);
    set(CRC_KEY, CRC_PLACEHOLDER);
    set(CRC_KEY, hex(crc32(bytes)));
    return patched;
  });
}

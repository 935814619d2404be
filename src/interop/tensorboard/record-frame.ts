import crc32c from 'crc-32/crc32c.js';

/** Length and its checksum, before the data. */
export const HEADER_BYTES = 12;
/** The checksum after the data. */
export const FOOTER_BYTES = 4;

// TensorFlow stores a checksum rotated and shifted, so that data containing checksums is not
// mistaken for one.
const MASK_DELTA = 0xa282ead8;

/** Returns the masked CRC32C of bytes, unsigned. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c.buf(bytes) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/**
 * Frames a record of an event file: length (8 bytes, little endian), its masked CRC32C, the data,
 * and their CRC32C.
 *
 * The framing is that of TensorFlow's `tsl/lib/io/record_writer.cc`.
 */
export function frameRecord(data: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(HEADER_BYTES + data.length + FOOTER_BYTES);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8);
  framed.set(data, HEADER_BYTES);
  framed.writeUInt32LE(maskedCrc32c(data), HEADER_BYTES + data.length);
  return framed;
}

/**
 * Returns the length of the data that a header announces; null if it does not match its checksum.
 */
export function lengthIn(header: Uint8Array): number | null {
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
  if (view.getUint32(8, true) !== maskedCrc32c(header.subarray(0, 8))) return null;
  return Number(view.getBigUint64(0, true));
}

/** True if the data match the checksum after them. */
export function isIntact(data: Uint8Array, footer: Uint8Array): boolean {
  return (
    new DataView(footer.buffer, footer.byteOffset, FOOTER_BYTES).getUint32(0, true) === maskedCrc32c(data)
  );
}

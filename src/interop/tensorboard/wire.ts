import { PbfReader, PbfWriter } from 'pbf';

export type { PbfReader, PbfWriter } from 'pbf';

/** Wire types of protobuf; a field's key is `(number << 3) | type`. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads one message, field by field; a field of another wire type than expected has another key,
 * and is skipped as unknown.
 *
 * Nested messages are read from their own bytes by another call, so that none can reach beyond its
 * parent.
 *
 * @throws Error if the bytes are not a valid message
 */
export function readMessage<T>(
  bytes: Uint8Array,
  into: T,
  readField: (key: number, into: T, pbf: PbfReader) => void,
): T {
  const pbf = new PbfReader(bytes);
  pbf.readFields((field, result: T) => readField((field << 3) | pbf.type, result, pbf), into);
  if (pbf.pos !== bytes.length) throw new RangeError(`a message of ${bytes.length} bytes ends elsewhere`);
  return into;
}

/** Writes one message. */
export function writeMessage(write: (pbf: PbfWriter) => void): Uint8Array {
  const pbf = new PbfWriter();
  write(pbf);
  return pbf.finish();
}

/** Reads a length-delimited text; pbf's own reading drops a byte order mark. */
export const readText = (pbf: PbfReader): string => utf8.decode(pbf.readBytes());

/** Writes a text; invalid Unicode (a lone surrogate) becomes U+FFFD. */
export const writeText = (pbf: PbfWriter, field: number, text: string): void =>
  pbf.writeBytesField(field, Buffer.from(text));

/** Reads an int64 exactly; pbf's own reading rounds beyond 2^53. */
export function readInt64(pbf: PbfReader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = pbf.buf[pbf.pos++];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
  throw new RangeError('a varint of over 10 bytes, or one that is cut off');
}

/** Writes an int64; pbf's own writing only accepts numbers. */
export function writeInt64(pbf: PbfWriter, field: number, value: number | bigint): void {
  if (typeof value === 'number') {
    pbf.writeVarintField(field, value);
    return;
  }
  const bytes = int64Bytes(value);
  pbf.writeVarint((field << 3) | VARINT);
  pbf.realloc(bytes.length);
  pbf.buf.set(bytes, pbf.pos);
  pbf.pos += bytes.length;
}

/** Encodes an int64 as a varint. */
export function int64Bytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

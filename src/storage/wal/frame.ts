import { crc32 } from 'node:zlib';

/** What a frame's payload is. */
export const FrameType = {
  /** JSON: all a reader must know of what came before this segment. The first frame of every segment. */
  checkpoint: 1,
  /** The channel's records, byte for byte. */
  records: 2,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export const SEGMENT_HEAD_BYTES = 56;
export const FRAME_HEAD_BYTES = 24;
/**
 * A length above this is not believed, whatever its checksum says.
 *
 * @bound refuses: CORRUPT when it is read, WRITE_FAILED when it is written; a row is at most half of it
 */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

const MAGIC = Buffer.from('EXPMWAL1', 'latin1');
const NO_CRC = 0;

/** What the head of a segment says. */
export interface SegmentHead {
  /** The run's identity, 32 hex digits. */
  readonly runUuid: string;
  readonly epoch: number;
  readonly number: number;
  /** Eight random bytes that every checksum of the segment includes, so that an old file's bytes never pass. */
  readonly salt: Uint8Array;
}

/** `magic(8) | runUuid(16) | epoch u32 | number u32 | salt(8) | reserved(12) | crc u32` */
export function encodeSegmentHead({ runUuid, epoch, number, salt }: SegmentHead): Buffer {
  const head = Buffer.alloc(SEGMENT_HEAD_BYTES);
  MAGIC.copy(head, 0);
  head.write(runUuid, 8, 16, 'hex');
  head.writeUInt32LE(epoch, 24);
  head.writeUInt32LE(number, 28);
  head.set(salt, 32);
  head.writeUInt32LE(crc32(head.subarray(0, SEGMENT_HEAD_BYTES - 4)), SEGMENT_HEAD_BYTES - 4);
  return head;
}

/** Null when the bytes are no whole, intact segment head. */
export function decodeSegmentHead(bytes: Buffer): SegmentHead | null {
  if (bytes.length < SEGMENT_HEAD_BYTES || !MAGIC.equals(bytes.subarray(0, 8))) return null;
  if (bytes.readUInt32LE(SEGMENT_HEAD_BYTES - 4) !== crc32(bytes.subarray(0, SEGMENT_HEAD_BYTES - 4)))
    return null;
  return {
    runUuid: bytes.toString('hex', 8, 24),
    epoch: bytes.readUInt32LE(24),
    number: bytes.readUInt32LE(28),
    salt: Uint8Array.from(bytes.subarray(32, 40)),
  };
}

/** What the head of a frame says. */
export interface FrameHead {
  readonly length: number;
  /** Number of the payload's first record in its epoch, counted from 0. */
  readonly seq: number;
  readonly type: FrameType;
  readonly payloadCrc: number;
}

/**
 * Fills the head of a frame whose payload stands behind the first `FRAME_HEAD_BYTES` bytes.
 *
 * `length u32 | crc(head) u32 | seq u64 | type u8, 3 zeros | crc(salt + payload) u32`, then the payload.
 */
export function sealFrame(frame: Buffer, type: FrameType, seq: number, saltCrc: number): void {
  const payload = frame.subarray(FRAME_HEAD_BYTES);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(NO_CRC, 4);
  frame.writeUInt32LE(seq >>> 0, 8);
  frame.writeUInt32LE(Math.floor(seq / 2 ** 32), 12);
  frame.writeUInt32LE(type, 16);
  frame.writeUInt32LE(crc32(payload, saltCrc), 20);
  frame.writeUInt32LE(crc32(frame.subarray(0, FRAME_HEAD_BYTES), saltCrc), 4);
}

/** Null when no intact frame head stands at `at`; `saltCrc` is the CRC-32 of the segment's salt. */
export function decodeFrameHead(bytes: Buffer, at: number, saltCrc: number): FrameHead | null {
  if (at + FRAME_HEAD_BYTES > bytes.length) return null;
  const head = Buffer.from(bytes.subarray(at, at + FRAME_HEAD_BYTES));
  const headCrc = head.readUInt32LE(4);
  head.writeUInt32LE(NO_CRC, 4);
  if (headCrc !== crc32(head, saltCrc)) return null;
  const length = head.readUInt32LE(0);
  const type = head.readUInt32LE(16);
  if (length > MAX_PAYLOAD_BYTES || (type !== FrameType.checkpoint && type !== FrameType.records))
    return null;
  return {
    length,
    seq: head.readUInt32LE(8) + head.readUInt32LE(12) * 2 ** 32,
    type,
    payloadCrc: head.readUInt32LE(20),
  };
}

/** The name of a segment: `wal-<epoch>-<n>.log`. */
export const segmentName = (epoch: number, number: number): string => `wal-${epoch}-${number}.log`;

/** Epoch and number in a segment's name, or null for any other name. */
export function parseSegmentName(name: string): { readonly epoch: number; readonly number: number } | null {
  const match = /^wal-(\d{1,9})-(\d{1,9})\.log$/.exec(name);
  return match === null ? null : { epoch: Number(match[1]), number: Number(match[2]) };
}

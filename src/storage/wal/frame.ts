import { crc32 } from 'node:zlib';
import { VERSION } from '../../model/version.js';

/**
 * The bytes of a write-ahead log segment. Numbers are little-endian, checksums are CRC-32.
 *
 * Version 2, the current one, is `guard | head | frame*`. Guard and head are 56 bytes each and hold
 * the same facts:
 *
 * | at | bytes | field      | guard                         | head       |
 * |----|-------|------------|-------------------------------|------------|
 * |  0 |     8 | magic      | `EXPMWAL1`                    | `EXPMWAL2` |
 * |  8 |    16 | run uuid   | with every bit inverted       | as it is   |
 * | 24 |     4 | epoch      | u32                           | u32        |
 * | 28 |     4 | number     | u32                           | u32        |
 * | 32 |     8 | salt       | random                        | the same   |
 * | 40 |     2 | version    | u16, 2                        | u16, 2     |
 * | 42 |     6 | written by | u16 major, minor, patch of the expman-rx that wrote it | the same |
 * | 48 |     4 | zeros      |                               |            |
 * | 52 |     4 | checksum   | of the 52 bytes before        | likewise   |
 *
 * Either is enough to read the frames. expman-rx 0.1.0 deletes a segment whose head it cannot read;
 * the guard is an intact head of version 1 that names another run, so 0.1.0 calls the segment
 * corrupt and keeps every byte of it as `*.corrupt`. Later versions keep the layout of guard and
 * head, so that this version can name the version needed.
 *
 * A frame is a head of 32 bytes and a payload of `length`:
 *
 * | at | bytes | field            |                                                                         |
 * |----|-------|------------------|-------------------------------------------------------------------------|
 * |  0 |     4 | length           | u32, of the payload; at most {@link MAX_PAYLOAD_BYTES}                  |
 * |  4 |     4 | checksum         | of the salt and these 32 bytes, with zeros in place of this field       |
 * |  8 |     8 | seq              | u64, records of the epoch before this frame                             |
 * | 16 |     1 | type             | u8, a {@link FrameType}                                                 |
 * | 17 |     1 | zero             |                                                                         |
 * | 18 |     2 | part             | u16, place of a `checkpoint` or `carried` frame among those of its segment |
 * | 20 |     4 | payload checksum | of the salt and the payload                                             |
 * | 24 |     8 | calls            | u64, calls (row records) of the epoch before this frame                 |
 *
 * A segment begins with its checkpoint: two equal `checkpoint` frames and the `carried` frames they
 * count, all with the seq and calls at which the segment begins. `records` frames follow. A
 * `definitions` frame follows each `records` frame that defines a metric or a shape; its seq and
 * calls are those after that frame.
 *
 * Version 1 is `head | frame*`: its head is a head as above with the magic `EXPMWAL1` and zeros
 * from 40 to 51; the heads of its frames end before `calls`, `part` is zero, and the first frame is
 * its only checkpoint, in one piece. It is still read, but no longer written.
 */
export const FrameType = {
  /**
   * JSON: the state that the rows of the segment depend on; see run/replay/checkpoint.ts. In
   * version 1: the whole state of the run.
   */
  checkpoint: 1,
  /** The channel's records, byte for byte. */
  records: 2,
  /**
   * JSON: a part of the state that a checkpoint carries along: lines not yet in run.log,
   * parameters, facts.
   */
  carried: 3,
  /** The definitions of the `records` frame before it, repeated as records. */
  definitions: 4,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** The version of the segments written. */
export const WAL_VERSION = 2;
export const SEGMENT_HEAD_BYTES = 56;
/** Bytes of a segment before its first frame: guard and head. */
export const SEGMENT_START_BYTES = 2 * SEGMENT_HEAD_BYTES;
export const FRAME_HEAD_BYTES = 32;
/**
 * The longest payload; a longer one is rejected, even if its checksum matches.
 *
 * @bound refuses: CORRUPT when it is read, WRITE_FAILED when it is written; a row is at most half
 * of it
 */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

const MAGIC = 'EXPMWAL';
const HEAD_CRC_AT = SEGMENT_HEAD_BYTES - 4;
const FRAME_HEAD_BYTES_1 = 24;
const NO_CRC = 0;

/** The head of a segment. */
export interface SegmentHead {
  /** The run's identity, 32 hex digits. */
  readonly runUuid: string;
  readonly epoch: number;
  readonly number: number;
  /**
   * Eight random bytes that every checksum of the segment includes, so that bytes of an old file
   * never match.
   */
  readonly salt: Uint8Array;
}

/** The start of a segment, as it was read. */
export interface SegmentStart extends SegmentHead {
  readonly version: number;
  /** The version of expman-rx that wrote it; empty if unknown. */
  readonly writtenBy: string;
  /** Offset of the first frame. */
  readonly bytes: number;
  /** False if guard or head is damaged and the other one was used. */
  readonly isIntact: boolean;
}

/** Guard and head of a new segment. */
export function encodeSegmentStart(head: SegmentHead): Buffer {
  const runUuid = inverted(Buffer.from(head.runUuid, 'hex')).toString('hex');
  return Buffer.concat([encodeHead('1', { ...head, runUuid }), encodeHead(String(WAL_VERSION), head)]);
}

/** Decodes the start of a segment of any version; returns null if the bytes hold no intact one. */
export function decodeSegmentStart(bytes: Buffer): SegmentStart | null {
  const guard = decodeHead(bytes, 0);
  const head = decodeHead(bytes, SEGMENT_HEAD_BYTES);
  if (head !== null && head.magic > 1)
    return {
      ...head,
      version: head.magic,
      bytes: SEGMENT_START_BYTES,
      isIntact: guard !== null && guard.version === head.version,
    };
  if (guard === null) return null;
  if (guard.magic > 1 || guard.version === 0)
    return { ...guard, version: guard.magic, bytes: SEGMENT_HEAD_BYTES, isIntact: true };
  // A guard whose head is damaged, or not written yet.
  const runUuid = inverted(Buffer.from(guard.runUuid, 'hex')).toString('hex');
  return { ...guard, runUuid, bytes: SEGMENT_START_BYTES, isIntact: bytes.length < SEGMENT_START_BYTES };
}

function encodeHead(version: string, { runUuid, epoch, number, salt }: SegmentHead): Buffer {
  const head = Buffer.alloc(SEGMENT_HEAD_BYTES);
  head.write(MAGIC + version, 0, 8, 'latin1');
  head.write(runUuid, 8, 16, 'hex');
  head.writeUInt32LE(epoch, 24);
  head.writeUInt32LE(number, 28);
  head.set(salt, 32);
  head.writeUInt16LE(WAL_VERSION, 40);
  VERSION.split('.', 3).forEach((part, at) => head.writeUInt16LE(parseInt(part, 10) & 0xffff, 42 + 2 * at));
  head.writeUInt32LE(crc32(head.subarray(0, HEAD_CRC_AT)), HEAD_CRC_AT);
  return head;
}

type DecodedHead = Omit<SegmentStart, 'bytes' | 'isIntact'> & { readonly magic: number };

function decodeHead(bytes: Buffer, at: number): DecodedHead | null {
  const head = bytes.subarray(at, at + SEGMENT_HEAD_BYTES);
  if (head.length < SEGMENT_HEAD_BYTES || head.toString('latin1', 0, 7) !== MAGIC) return null;
  if (head.readUInt32LE(HEAD_CRC_AT) !== crc32(head.subarray(0, HEAD_CRC_AT))) return null;
  const version = head.readUInt16LE(40);
  return {
    magic: (head[7] ?? 0) - 0x30,
    runUuid: head.toString('hex', 8, 24),
    epoch: head.readUInt32LE(24),
    number: head.readUInt32LE(28),
    salt: Uint8Array.from(head.subarray(32, 40)),
    version,
    writtenBy: version === 0 ? '' : [42, 44, 46].map((place) => head.readUInt16LE(place)).join('.'),
  };
}

const inverted = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte) => ~byte));

/** The head of a frame. */
export interface FrameHead {
  readonly type: FrameType;
  /**
   * The number of records of the epoch before the frame, which is the number of its first record.
   */
  readonly seq: number;
  /**
   * The number of calls of the epoch before the frame; null in version 1, which does not store it.
   */
  readonly calls: number | null;
  /** Place among the frames of a checkpoint. */
  readonly part: number;
}

/** The facts needed to read the frames of a segment: its version, and the CRC-32 of its salt. */
export interface FrameFormat {
  readonly version: number;
  readonly saltCrc: number;
}

/** The size of a frame's head in a version. */
export const frameHeadBytes = ({ version }: FrameFormat): number =>
  version === 1 ? FRAME_HEAD_BYTES_1 : FRAME_HEAD_BYTES;

/** Fills in the head of a frame whose payload follows the first `FRAME_HEAD_BYTES` bytes. */
export function sealFrame(
  frame: Buffer,
  { type, seq, calls, part }: FrameHead & { readonly calls: number },
  saltCrc: number,
): void {
  const payload = frame.subarray(FRAME_HEAD_BYTES);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(NO_CRC, 4);
  writeUInt64(frame, seq, 8);
  frame.writeUInt16LE(type, 16);
  frame.writeUInt16LE(part, 18);
  frame.writeUInt32LE(crc32(payload, saltCrc), 20);
  writeUInt64(frame, calls, 24);
  frame.writeUInt32LE(crc32(frame.subarray(0, FRAME_HEAD_BYTES), saltCrc), 4);
}

/** Decodes the head of a frame at `at`; null if there is no intact one. */
export function decodeFrameHead(
  bytes: Buffer,
  at: number,
  format: FrameFormat,
): (FrameHead & { readonly length: number; readonly payloadCrc: number }) | null {
  const { version, saltCrc } = format;
  const size = frameHeadBytes(format);
  if (at + size > bytes.length) return null;
  const head = Buffer.from(bytes.subarray(at, at + size));
  const headCrc = head.readUInt32LE(4);
  head.writeUInt32LE(NO_CRC, 4);
  if (headCrc !== crc32(head, saltCrc)) return null;
  const length = head.readUInt32LE(0);
  const type = head.readUInt16LE(16);
  if (length > MAX_PAYLOAD_BYTES || !isFrameType(type)) return null;
  return {
    length,
    type,
    seq: readUInt64(head, 8),
    calls: version === 1 ? null : readUInt64(head, 24),
    part: head.readUInt16LE(18),
    payloadCrc: head.readUInt32LE(20),
  };
}

const isFrameType = (type: number): type is FrameType =>
  type >= FrameType.checkpoint && type <= FrameType.definitions;

function writeUInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value >>> 0, at);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

const readUInt64 = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;

/** The name of a segment: `wal-<epoch>-<n>.log`. */
export const segmentName = (epoch: number, number: number): string => `wal-${epoch}-${number}.log`;

/** Epoch and number in a segment's name, or null for any other name. */
export function parseSegmentName(name: string): { readonly epoch: number; readonly number: number } | null {
  const match = /^wal-(\d{1,9})-(\d{1,9})\.log$/.exec(name);
  return match === null ? null : { epoch: Number(match[1]), number: Number(match[2]) };
}

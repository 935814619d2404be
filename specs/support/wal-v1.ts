import { crc32 } from 'node:zlib';
import type { SegmentHead } from '../../src/storage/wal/frame.js';

/** Bytes before the first frame of a segment of version 1, and of the head of each frame. */
export const HEAD_BYTES_1 = 56;
export const FRAME_HEAD_BYTES_1 = 24;

/** A frame of version 1: its payload, the number of its first record, and whether it is a checkpoint. */
export interface FrameOfOne {
  readonly seq: number;
  readonly payload: Uint8Array;
  readonly isCheckpoint?: boolean;
}

/** A segment as expman-rx 0.1.0 wrote it. */
export function segmentOfOne(
  { runUuid, epoch, number, salt }: SegmentHead,
  frames: readonly FrameOfOne[],
): Buffer {
  const head = Buffer.alloc(HEAD_BYTES_1);
  head.write('EXPMWAL1', 0, 8, 'latin1');
  head.write(runUuid, 8, 16, 'hex');
  head.writeUInt32LE(epoch, 24);
  head.writeUInt32LE(number, 28);
  head.set(salt, 32);
  head.writeUInt32LE(crc32(head.subarray(0, 52)), 52);
  return Buffer.concat([head, ...frames.map((frame) => frameOfOne(frame, crc32(salt)))]);
}

function frameOfOne({ seq, payload, isCheckpoint = false }: FrameOfOne, saltCrc: number): Buffer {
  const frame = Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES_1), payload]);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(seq >>> 0, 8);
  frame.writeUInt32LE(isCheckpoint ? 1 : 2, 16);
  frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEAD_BYTES_1), saltCrc), 20);
  frame.writeUInt32LE(crc32(frame.subarray(0, FRAME_HEAD_BYTES_1), saltCrc), 4);
  return frame;
}

/** What expman-rx 0.1.0 makes of the first bytes of a segment: the run it takes it for, or null for no segment at all. */
export function runReadByOne(bytes: Buffer): string | null {
  const head = bytes.subarray(0, HEAD_BYTES_1);
  if (head.length < HEAD_BYTES_1 || head.toString('latin1', 0, 8) !== 'EXPMWAL1') return null;
  return head.readUInt32LE(52) === crc32(head.subarray(0, 52)) ? head.toString('hex', 8, 24) : null;
}

/** The checkpoint of a run that has said nothing yet. */
export const EMPTY_CHECKPOINT = Buffer.from(
  JSON.stringify({
    dictionary: { metrics: [], shapes: [] },
    params: '{}',
    facts: '{}',
    log: { offset: 0, pending: [] },
    ending: null,
  }),
);
